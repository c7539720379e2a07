#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

/// What a filter would be as a recurrence: how many states, and where its poles lie.
namespace hyena::inspect {

/// Of one causal filter h (K) without its tap at lag 0, which is no state's. Both use the Hankel
/// matrix G[i,j] = h[1+i+j] of side min((K−1)/2, longest); shorter sides see fewer lags.
struct HankelStructure {
  at::Tensor singular_values;  ///< (n), largest first
  std::int64_t order = 0;      ///< values above `threshold` times the largest
};
HankelStructure hankel(const at::Tensor& h, double threshold = 1e-2, std::int64_t longest = 512);

/// Poles of the recurrence of `order` states that fits the filter: (order) complex. By the
/// eigensystem realisation algorithm (Juang & Pappa 1985): G = U S Vᵀ cut to `order`, A =
/// S^−½ Uᵀ G⁺ V S^−½ with G⁺ one lag on; the poles are A's eigenvalues. Exact for a filter that is
/// such a recurrence. Throws OptionError for an order past the Hankel matrix's side.
at::Tensor poles(const at::Tensor& h, std::int64_t order, std::int64_t longest = 512);

}  // namespace hyena::inspect
