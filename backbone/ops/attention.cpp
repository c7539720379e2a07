#include "backbone/ops/attention.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "backbone/ops/flops.h"

namespace hyena::backbone {

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal) {
  count_flops("attention", 4.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(2)));
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal);
}

at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k, bool causal) {
  auto scores = at::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(3)));
  if (causal) {
    const auto future = at::ones_like(scores[0][0], at::kBool).triu(1);
    scores = scores.masked_fill(future, -std::numeric_limits<double>::infinity());
  }
  return at::softmax(scores, -1);
}

}  // namespace hyena::backbone
