#pragma once

#include <optional>

#include "backbone/infer_config.h"
#include "backbone/read_shapes.h"

namespace hyena::backbone {

/// infer_config() for the family "causal_lm". `port`: the keys are those of Hugging Face's port of
/// HyenaDNA.
std::optional<InferredConfig> infer_language_model(const Shapes& shapes, const InferHints& hints,
                                                   bool port);

}  // namespace hyena::backbone
