#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hyena::backbone {

/// What stands before the values in a NumPy file of format version 1.0 (rows first), a multiple of
/// 64 bytes. `type` is NumPy's: "<f4", "<i8".
std::string npy_header(std::string_view type, std::span<const std::int64_t> shape);

}  // namespace hyena::backbone
