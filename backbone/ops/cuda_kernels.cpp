#include "backbone/ops/cuda_kernels.h"

#include <ATen/ATen.h>

#include "backbone/ops/cuda_device.h"
#include "kernels/cuda/filter.h"
#include "kernels/cuda/short_conv.h"

namespace hyena::backbone {
namespace {

at::Tensor room(std::size_t bytes, const at::Tensor& like) {
  return at::empty({static_cast<std::int64_t>(bytes)}, like.options().dtype(at::kByte));
}

template <class Signal>
Signal signal(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {x.mutable_data_ptr(), x.stride(0), x.stride(1), 1};
}
float* floats(const at::Tensor& x) {
  return x.defined() ? x.mutable_data_ptr<float>() : nullptr;
}

}  // namespace

void cuda_filter_forward(const kernels::FilterShape& shape,
                         const kernels::FilterParameters& parameters, kernels::Taps h,
                         const at::Tensor& like) {
  const DeviceScope scope(like);
  const auto workspace =
      room(kernels::cuda::filter_forward_workspace(shape, parameters.layers.size()), like);
  kernels::cuda::filter_forward(shape, parameters, h, workspace.mutable_data_ptr(), scope.stream());
}

void cuda_filter_backward(const kernels::FilterShape& shape,
                          const kernels::FilterParameters& parameters, kernels::ConstTaps dh,
                          const kernels::FilterGradients& gradients, const at::Tensor& like) {
  const DeviceScope scope(like);
  const auto workspace =
      room(kernels::cuda::filter_backward_workspace(shape, parameters.layers.size()), like);
  kernels::cuda::filter_backward(shape, parameters, dh, gradients, workspace.mutable_data_ptr(),
                                 scope.stream());
}

void cuda_short_conv_forward(const kernels::ShortConvShape& shape, const at::Tensor& x,
                             const at::Tensor& weight, const at::Tensor& bias,
                             const at::Tensor& y) {
  const DeviceScope scope(x);
  kernels::cuda::short_conv_forward(shape, signal<kernels::cuda::ConstShortSignal>(x),
                                    floats(weight), floats(bias),
                                    signal<kernels::cuda::ShortSignal>(y), scope.stream());
}

void cuda_short_conv_backward(const kernels::ShortConvShape& shape, const at::Tensor& x,
                              const at::Tensor& weight, const at::Tensor& dy, const at::Tensor& dx,
                              const at::Tensor& dweight, const at::Tensor& dbias) {
  const DeviceScope scope(x);
  const auto workspace = room(kernels::cuda::short_conv_workspace(shape), x);
  kernels::cuda::short_conv_backward(shape, signal<kernels::cuda::ConstShortSignal>(x),
                                     floats(weight), signal<kernels::cuda::ConstShortSignal>(dy),
                                     signal<kernels::cuda::ShortSignal>(dx), floats(dweight),
                                     floats(dbias), workspace.mutable_data_ptr(), scope.stream());
}

}  // namespace hyena::backbone
