#pragma once

#include <vector>

#include "backbone/vision_model.h"

namespace hyena::backbone {

/// The named sizes of all families, in the order in which they are listed.
std::vector<ModelEntry> named_models();

}  // namespace hyena::backbone
