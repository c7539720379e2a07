#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "inspect/probe/capture.h"

/// Which tokens of a prompt an output of a language model hangs on.
namespace hyena::inspect {

/// The number that is explained: a logit at one position, or logit(token) − logit(contrast).
struct TokenTarget {
  std::int64_t position = -1;  ///< whose next token is meant; −1: the last
  std::int64_t token = -1;     ///< −1: the likeliest
  std::int64_t contrast = -1;  ///< −1: none
};

struct Salience {
  TokenTarget target;          ///< resolved
  double score = 0;            ///< logits
  at::Tensor l2;               ///< (L): ‖d score / d embedding‖₂
  at::Tensor times_embedding;  ///< (L): gradient · embedding (position included), signed
};

/// ids (1, L). Throws OptionError for a position or token that there is none of.
Salience salience(OpenedSubject& subject, const at::Tensor& ids, const TokenTarget& target,
                  const Progress& progress = {});

}  // namespace hyena::inspect
