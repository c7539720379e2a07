#pragma once

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

/// softmax(q kᵀ / √d) v by LibTorch's scaled_dot_product_attention, the control of every
/// comparison.
///   q, k, v (B, heads, L, head_dim) → the same; `causal` masks the future.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     bool causal = false);

/// The probabilities alone, softmax(q kᵀ / √d): (B, heads, L, L). For looking at.
at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k, bool causal);

}  // namespace hyena::backbone
