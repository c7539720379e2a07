#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

/// Cross-entropy over a vocabulary without all the logits at once: at 50,000 tokens they are the
/// largest tensor of a language model by far.
namespace hyena::backbone {

/// Targets that do not count.
inline constexpr std::int64_t kIgnoredTarget = -100;

/// Mean of −log softmax(hidden · weightᵀ)[target] in nats over the targets that count, a scalar in
/// float32 (float64 for float64); 0 where none counts.
///   hidden (…, D); weight (V, D); targets (…) int64, kIgnoredTarget or in [0, V)
/// The logits of `chunk` ≥ 1 tokens exist at a time; their gradients are computed with them in the
/// forward pass. Differentiable once. Under autocast the products are in its type.
at::Tensor token_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                      std::int64_t chunk);

/// What the model thought of each target; entries of ignored targets are 0 and false.
struct TokenScores {
  at::Tensor nll;     ///< (N) float64: −log p(target), nats
  at::Tensor greedy;  ///< (N) bool: no other token has a higher logit
};

/// Of hidden (N, D) and targets (N), over the first `vocab_size` rows of weight. No gradients.
TokenScores token_scores(const at::Tensor& hidden, const at::Tensor& weight,
                         const at::Tensor& targets, std::int64_t vocab_size, std::int64_t chunk);

}  // namespace hyena::backbone
