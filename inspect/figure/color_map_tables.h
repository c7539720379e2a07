#pragma once

#include <string_view>

namespace hyena::inspect {

/// 256 colours each, as 6 hexadecimal digits: red, green, blue. Where they come from and under
/// which licence is said beside each.
extern const std::string_view viridis_table, magma_table, inferno_table, cividis_table,
    coolwarm_table, twilight_table;

}  // namespace hyena::inspect
