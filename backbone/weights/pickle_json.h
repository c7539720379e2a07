#pragma once

#include <nlohmann/json.hpp>

#include "backbone/pickle/pickle_tree.h"

namespace hyena::backbone {

/// The value as JSON where it is plain data: numbers, texts, lists, dicts with text keys, and the
/// same in OmegaConf's containers, which are entered by what they were given. What is none of
/// these, and what lies deeper than 16 levels or beyond 2^16 values, is null.
nlohmann::json json_of_value(const PickleTree& tree, ValueId id);

}  // namespace hyena::backbone
