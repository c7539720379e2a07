#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "kernels/short_conv.h"

namespace hyena::backbone {

/// Depthwise convolution on hyena::kernels, differentiable once: x (B, C, L) with weight (C, 1, K),
/// or x (B, C, H, W) with weight (C, 1, KH, KW); bias (C) or undefined. Arguments as short_conv()
/// has checked them, on the CPU, or with `on_gpu` on a GPU with up to 16 x 16 taps. The result has
/// the dtype of x, sums are float32 (float64 for float64).
at::Tensor kernel_short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t centre_row, std::int64_t centre_column, bool on_gpu);

/// What the kernels call such a convolution.
kernels::ShortConvShape short_conv_shape(const at::Tensor& x, const at::Tensor& weight,
                                         std::int64_t centre_row, std::int64_t centre_column);

}  // namespace hyena::backbone
