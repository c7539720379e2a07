#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/ops/fftconv.h"
#include "backbone/ops/fftconv_composed.h"

namespace hyena::kernels {
class FilterSpectrum;
class FilterSpectrum2d;
}  // namespace hyena::kernels

/// kernels/hyena_conv.h for LibTorch's tensors on the CPU; arguments as hyena_conv() and
/// hyena_conv2d() have checked them: x (B, 3D, L) or (B, 3D, H, W), short_weight (3D, 1, K) or
/// (3D, 1, K, K).
namespace hyena::backbone {

/// Differentiable once. `centre`, `geometry`: of the long filter h.
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const at::Tensor& h,
                             const at::Tensor& bias, std::int64_t centre,
                             const ShortStreams& streams);
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const at::Tensor& h,
                             const at::Tensor& bias, const GridGeometry& geometry,
                             const ShortStreams& streams);

/// The same with the long filter made ready, without gradients.
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const kernels::FilterSpectrum& filter,
                             const ShortStreams& streams);
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const kernels::FilterSpectrum2d& filter,
                             const ShortStreams& streams);

}  // namespace hyena::backbone
