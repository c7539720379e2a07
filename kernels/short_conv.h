#pragma once

#include <cstdint>

#include "kernels/executor.h"
#include "kernels/tensors.h"

/// Depthwise convolutions with few taps on the CPU, over lines and grids, channels last:
///   y[b, i, j, c] = bias[c] + Σ_{a,e} weight[c, a, e] · x[b, i + a − centre_row, j + e −
///   centre_column, c]
/// with zeros outside: PyTorch's correlation. A line of L positions is a grid of height 1; causal
/// is centre_column = K − 1, centred (K − 1)/2.
namespace hyena::kernels {

struct ShortConvShape {
  std::int64_t batch = 0, height = 1, width = 0, channels = 0;
  std::int64_t kernel_height = 1, kernel_width = 0;
  std::int64_t centre_row = 0, centre_column = 0;
  Type type = Type::kFloat32;
};

/// x, y: Rows of height · width positions. weight (C, KH, KW) contiguous and bias (C) or null are
/// float64 for kFloat64, else float32; sums are taken in that type. Throws ArgumentError.
void short_conv_forward(const ShortConvShape& shape, ConstRows x, const void* weight,
                        const void* bias, Rows y, const Executor& executor = {});

/// Gradients of Σ dy ⊙ y, written; each may be absent. Sums over the batch in a fixed order: the
/// same bits for any number of threads.
void short_conv_backward(const ShortConvShape& shape, ConstRows x, const void* weight, ConstRows dy,
                         Rows dx, void* dweight, void* dbias, const Executor& executor = {});

}  // namespace hyena::kernels
