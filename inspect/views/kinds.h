#pragma once

#include "inspect/views/view.h"

/// One function for each view, in the file of its name; the registry lists them.
namespace hyena::inspect {

View filters_view();
View impulse_view();
View filter_bank_view();
View response_view();
View effective_length_view();
View compare_view();
View filter_map_view();
View structure_view();
View parametrisation_view();

}  // namespace hyena::inspect
