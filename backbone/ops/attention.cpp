#include "backbone/ops/attention.h"

#include <ATen/ATen.h>

#include "backbone/ops/flops.h"

namespace hyena::backbone {

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal) {
  count_flops("attention", 4.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(2)));
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal);
}

}  // namespace hyena::backbone
