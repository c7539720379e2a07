#pragma once

#include <array>
#include <cstdint>

#include "kernels/executor.h"
#include "kernels/fftconv.h"
#include "kernels/fftconv2d.h"
#include "kernels/tensors.h"

/// The inside of a Hyena operator of order 2 on the CPU: what its projection wrote goes through the
/// short filters into gates and value, these into the long convolution,
///   (q, k, v) = short_conv(x),   y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)).
/// A group of channels at a time stays in the cache from the short filters to the last gate: q, k,
/// v and their gradients never reach memory. Source: HyenaOperator.forward of safari.
namespace hyena::kernels {

inline constexpr std::int64_t kMostShortTaps = 16;  ///< of a side

/// Which streams are q, k and v where `gate` is q.
inline std::array<std::int64_t, 3> stream_order(std::int64_t gate) {
  return {gate, gate == 0 ? 1 : 0, gate == 2 ? 1 : 2};
}

/// Depthwise filters of the three streams, as kernels/short_conv.h defines them:
///   s[i, j, c] = bias[c] + Σ_{a,e} weight[c, a, e] · x[i + a − centre_row, j + e − centre_column,
///   c]
/// Streams lie one behind the other: channels 0 … D−1, D … 2D−1, 2D … 3D−1. `gate` of them is q,
/// the others k and v. Lines have one row of taps; causal is centre_column = K − 1.
struct ShortFilters {
  const void* weight = nullptr;        ///< (3D, KH, KW) contiguous, of the type of the arithmetic
  const void* bias = nullptr;          ///< (3D), or null
  std::int64_t height = 1, width = 0;  ///< KH and KW, up to kMostShortTaps
  std::int64_t centre_row = 0, centre_column = 0;
  std::int64_t gate = 0;
};

/// x (B, L, 3D), y (B, L, D), both of shape.type; `h` for D channels. y must not overlap x. Scratch
/// of each thread: that of fftconv_forward() and 4 · 16 · L bytes. Throws ArgumentError.
void hyena_conv_forward(const FftConvShape& shape, const FilterSpectrum& h,
                        const ShortFilters& filters, ConstRows x, Rows y,
                        const Executor& executor = {});
/// The same over the grid of `h`: x (B, H · W, 3D), y (B, H · W, D).
void hyena_conv_forward(const FftConvShape& shape, const FilterSpectrum2d& h,
                        const ShortFilters& filters, ConstRows x, Rows y,
                        const Executor& executor = {});

/// All may be absent but dx.
struct HyenaConvGradients {
  Rows dx;                      ///< (B, L, 3D); overlaps neither x nor dy
  void* dbias = nullptr;        ///< (D)
  void* dweight = nullptr;      ///< (3D, KH, KW)
  void* dshort_bias = nullptr;  ///< (3D)
};

/// Gradients of Σ dy ⊙ y, all written, none added to; q, k and v are computed again from x. dh:
/// rows, sizes and centre as of h, or absent. The same bits for any number of threads. Scratch of
/// each thread: that of fftconv_backward() and 16 · 16 · L bytes.
void hyena_conv_backward(const FftConvShape& shape, const FilterSpectrum& h,
                         const ShortFilters& filters, ConstRows x, ConstRows dy, const Taps& dh,
                         const HyenaConvGradients& gradients, const Executor& executor = {});
void hyena_conv_backward(const FftConvShape& shape, const FilterSpectrum2d& h,
                         const ShortFilters& filters, ConstRows x, ConstRows dy, const GridTaps& dh,
                         const HyenaConvGradients& gradients, const Executor& executor = {});

}  // namespace hyena::kernels
