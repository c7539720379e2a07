#include "inspect/probe/filter_order.h"

#include <cmath>

#include <ATen/ATen.h>

namespace hyena::inspect {

at::Tensor similarity_order(const at::Tensor& h, std::int64_t first) {
  const auto norm = h.norm(2, -1, /*keepdim=*/true);
  const auto alike = (h / norm.clamp_min(1e-300)).to(at::kCPU, at::kDouble);
  const std::int64_t count = h.size(0);
  auto taken = at::zeros({count}, at::kBool);
  auto order = at::empty({count}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    order[i] = first;
    taken[first] = true;
    const auto cosine = alike.matmul(alike[first]).abs().masked_fill(taken, -1);
    first = cosine.argmax().item<std::int64_t>();
  }
  return order;
}

at::Tensor decibels(const at::Tensor& magnitude, double range) {
  const double largest = magnitude.max().item<double>();
  if (!(largest > 0)) return at::full_like(magnitude, -range);
  return 20 * magnitude.clamp_min(largest * std::pow(10, -range / 20)).log10();
}

}  // namespace hyena::inspect
