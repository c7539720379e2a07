#include "inspect/probe/filter_structure.h"

#include <algorithm>
#include <string>
#include <tuple>

#include <ATen/ATen.h>

#include "backbone/options.h"

namespace hyena::inspect {
namespace {

/// (n, n) with [i, j] = h[first + i + j], in float64: small singular values matter.
at::Tensor hankel_matrix(const at::Tensor& h, std::int64_t first, std::int64_t side) {
  return h.to(at::kCPU, at::kDouble)
      .slice(0, first, first + 2 * side - 1)
      .unfold(0, side, 1)
      .contiguous();
}

std::int64_t side_of(const at::Tensor& h, std::int64_t longest) {
  const std::int64_t side = std::min((h.size(0) - 1) / 2, longest);
  if (side >= 1) return side;
  throw backbone::OptionError("a filter of " + std::to_string(h.size(0)) +
                              " taps has no Hankel matrix; at least 3 are needed");
}

}  // namespace

HankelStructure hankel(const at::Tensor& h, double threshold, std::int64_t longest) {
  HankelStructure out;
  out.singular_values = at::linalg_svdvals(hankel_matrix(h, 1, side_of(h, longest)));
  out.order = (out.singular_values > threshold * out.singular_values[0]).sum().item<std::int64_t>();
  return out;
}

at::Tensor poles(const at::Tensor& h, std::int64_t order, std::int64_t longest) {
  const std::int64_t side = side_of(h, longest);
  if (order < 1 || order > side) {
    throw backbone::OptionError("order must be 1 … " + std::to_string(side) + ", got " +
                                std::to_string(order));
  }
  const auto [u, s, vh] = at::linalg_svd(hankel_matrix(h, 1, side), /*full_matrices=*/false);
  const auto scale = s.slice(0, 0, order).rsqrt();
  const auto left = u.slice(1, 0, order) * scale;
  const auto right = vh.slice(0, 0, order).t() * scale;
  return at::linalg_eigvals(left.t().matmul(hankel_matrix(h, 2, side)).matmul(right));
}

}  // namespace hyena::inspect
