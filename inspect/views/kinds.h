#pragma once

#include "inspect/views/view.h"

/// One function for each view, in the file of its name; the registry lists them.
namespace hyena::inspect {

View impulse_view();

}  // namespace hyena::inspect
