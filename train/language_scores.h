#pragma once

#include <cstdint>
#include <functional>

#include "backbone/language_model.h"
#include "datasets/text/token_source.h"
#include "datasets/tokenizer/tokenizer.h"

namespace hyena::train {

/// Sums over scored tokens.
struct LanguageScores {
  double nll = 0;            ///< Σ −log p, nats
  double nll_squared = 0;    ///< Σ (−log p)²
  std::int64_t tokens = 0;   ///< scored
  std::int64_t greedy = 0;   ///< of them, those that no other token beat
  std::int64_t bytes = 0;    ///< of their text; 0 without a tokenizer
  std::int64_t windows = 0;  ///< forward passes

  double loss() const;           ///< mean −log p, nats
  double loss_error() const;     ///< its standard error, tokens taken as independent
  double perplexity() const;     ///< exp(loss)
  double bits_per_byte() const;  ///< Σ −log2 p / bytes
};

struct ScoreSettings {
  std::int64_t length = 1024;  ///< tokens of a window
  std::int64_t stride = 0;     ///< from window to window; 0: length, no overlap
  std::int64_t batch_size = 8;
  std::int64_t limit = 0;  ///< stop after about so many scored tokens; 0: all
  bool amp = false;
};

/// Scores each token of `source` but the first once, in windows; see EvalWindows. The model is left
/// in evaluation mode. `tokenizer` may be null. `progress` gets (done, total) windows and returns
/// false to stop, which leaves the sums so far.
LanguageScores score_tokens(backbone::LanguageModel& model, const datasets::TokenSource& source,
                            const datasets::Tokenizer* tokenizer, const ScoreSettings& settings,
                            const std::function<bool(std::int64_t, std::int64_t)>& progress = {});

}  // namespace hyena::train
