#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/filter.h"
#include "kernels/short_conv.h"

/// Short convolutions and implicit filters on a GPU, for the autograd functions that serve both
/// kinds of device. Only builds with HYENA_CUDA have them (cuda_device.h). `like` names the device;
/// work goes to LibTorch's current stream, memory comes from its allocator.
namespace hyena::backbone {

void cuda_filter_forward(const kernels::FilterShape& shape,
                         const kernels::FilterParameters& parameters, kernels::Taps h,
                         const at::Tensor& like);
void cuda_filter_backward(const kernels::FilterShape& shape,
                          const kernels::FilterParameters& parameters, kernels::ConstTaps dh,
                          const kernels::FilterGradients& gradients, const at::Tensor& like);

/// x, y, dy, dx as positions_last() gives them; weight, bias and their gradients contiguous
/// float32. bias, dx, dweight, dbias may be undefined.
void cuda_short_conv_forward(const kernels::ShortConvShape& shape, const at::Tensor& x,
                             const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& y);
void cuda_short_conv_backward(const kernels::ShortConvShape& shape, const at::Tensor& x,
                              const at::Tensor& weight, const at::Tensor& dy, const at::Tensor& dx,
                              const at::Tensor& dweight, const at::Tensor& dbias);

}  // namespace hyena::backbone
