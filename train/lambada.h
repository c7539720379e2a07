#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "backbone/language_model.h"
#include "datasets/tokenizer/tokenizer.h"
#include "train/language_eval.h"

namespace hyena::train {

/// A text in front of its last word, and that word, as tokens.
struct LambadaExample {
  std::vector<std::int64_t> ids;  ///< context, then target
  std::int64_t target = 0;        ///< how many of the last ids are the word
};

/// Splits and encodes one text by a rule of LambadaOptions. The word begins with its space, and the
/// two parts are encoded as one text: the target is what stands behind the context's own ids.
/// Throws ReadError for a text of one word.
LambadaExample lambada_example(const std::string& text, const std::string& rule,
                               const datasets::Tokenizer& tokenizer);

/// See LanguageEvaluator::lambada. Contexts longer than the model takes are cut on the left.
nlohmann::json evaluate_lambada(backbone::LanguageModel& model,
                                const datasets::Tokenizer& tokenizer, const LambadaOptions& options,
                                bool amp, const EvalProgress& progress);

}  // namespace hyena::train
