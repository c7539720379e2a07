#pragma once

#include <string>
#include <string_view>

#include "train/language_eval.h"
#include "train/language_model_file.h"

namespace hyena::train {

struct LanguageEvaluator::State {
  OpenedLanguageModel opened;
  bool amp = false;
};

/// A window that the model can take: its own longest, at most 1024 tokens.
std::int64_t usual_window(const backbone::LanguageModel& model);

/// A token's bytes as text for JSON: what is no UTF-8 by itself is written \xNN, and a backslash
/// twice, so that different tokens stay different.
std::string printable(std::string_view bytes);

}  // namespace hyena::train
