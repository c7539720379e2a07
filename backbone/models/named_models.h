#pragma once

#include <vector>

#include "backbone/model.h"

namespace hyena::backbone {

/// The named sizes of all families, in the order in which they are listed.
std::vector<ModelEntry> named_models();
std::vector<ModelEntry> named_language_models();

}  // namespace hyena::backbone
