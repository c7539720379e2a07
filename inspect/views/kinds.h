#pragma once

#include "inspect/views/view.h"

/// One function for each view, in the file of its name; the registry lists them.
namespace hyena::inspect {

View filters_view();
View impulse_view();
View filter_bank_view();
View response_view();

}  // namespace hyena::inspect
