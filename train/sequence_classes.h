#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "train/language_request.h"
#include "train/predict.h"

namespace hyena::train {

/// The likeliest classes of whole sequences, (name, letters) each, by a language model with a
/// classifier. A model without a tokenizer reads them as HyenaDNA does ("nucleotides"), between the
/// tokens that the tokenizer frames a sequence with. A sequence that cannot be read gives a
/// Prediction with an error. Throws what opening the model throws, OptionError for a model without
/// a classifier.
std::vector<Prediction> classify_sequences(
    LanguageRequest request, const std::vector<std::pair<std::string, std::string>>& sequences,
    std::int64_t top_k, const Progress& progress = {});

}  // namespace hyena::train
