#pragma once

#include <cstdint>

#include "kernels/executor.h"
#include "kernels/fftconv.h"
#include "kernels/tensors.h"

/// The inside of a Hyena operator of order 2 on the CPU: what its projection wrote goes through the
/// short filters into gates and value, these into the long convolution,
///   (q, k, v) = short_conv(x),   y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)).
/// A group of channels at a time stays in the cache from the short filters to the last gate: q, k,
/// v and their gradients never reach memory. Source: HyenaOperator.forward of safari.
namespace hyena::kernels {

/// Depthwise filters of the three streams, as kernels/short_conv.h defines them:
///   s[t, c] = bias[c] + Σ_j weight[c, j] · x[t + j − centre, c]
/// Channels 0 … D−1 make q, D … 2D−1 k, 2D … 3D−1 v.
struct ShortFilters {
  const void* weight = nullptr;  ///< (3D, K) contiguous, of the type of the arithmetic
  const void* bias = nullptr;    ///< (3D), or null
  std::int64_t taps = 0;         ///< K
  std::int64_t centre = 0;       ///< K − 1: causal
};

/// x (B, L, 3D), y (B, L, D), both of shape.type; `h` for D channels. y must not overlap x. Scratch
/// of each thread: that of fftconv_forward() and 4 · 16 · L bytes. Throws ArgumentError.
void hyena_conv_forward(const FftConvShape& shape, const FilterSpectrum& h,
                        const ShortFilters& filters, ConstRows x, Rows y,
                        const Executor& executor = {});

struct HyenaConvGradients {
  Rows dx;                      ///< (B, L, 3D)
  Taps dh;                      ///< rows, count and centre as of h; may be absent
  void* dbias = nullptr;        ///< (D), may be absent
  void* dweight = nullptr;      ///< (3D, K), may be absent
  void* dshort_bias = nullptr;  ///< (3D), may be absent
};

/// Gradients of Σ dy ⊙ y, all written, none added to; q, k and v are computed again from x. The
/// same bits for any number of threads. Scratch of each thread: that of fftconv_backward() and
/// 16 · 16 · L bytes.
void hyena_conv_backward(const FftConvShape& shape, const FilterSpectrum& h,
                         const ShortFilters& filters, ConstRows x, ConstRows dy,
                         const HyenaConvGradients& gradients, const Executor& executor = {});

}  // namespace hyena::kernels
