#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "backbone/ops/fftconv_composed.h"
#include "backbone/ops/hyena_conv_kernels.h"

/// The long convolutions on hyena::kernels, differentiable once; arguments as fftconv() has checked
/// them, on the CPU. q, k and bias may be undefined.
namespace hyena::backbone {

at::Tensor kernel_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& h, const at::Tensor& bias, std::int64_t centre);

at::Tensor kernel_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& h, const at::Tensor& bias,
                          const GridGeometry& geometry);

/// The same with the filter transformed beforehand, for signals like `v`, without gradients.
struct PreparedConvolution {
  using Gated =
      std::function<at::Tensor(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v)>;
  using Streams =
      std::function<at::Tensor(const at::Tensor& x, const at::Tensor& short_weight,
                               const at::Tensor& short_bias, const ShortStreams& streams)>;
  Gated gated;
  Streams streams = {};  ///< as kernel_hyena_conv(), where that is
};
PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, std::int64_t centre);
PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, const GridGeometry& geometry);

}  // namespace hyena::backbone
