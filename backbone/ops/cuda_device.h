#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/cuda/stream.h"

/// What our kernels ask of LibTorch's CUDA, apart from tensors.
namespace hyena::backbone {

/// Whether `x` lies in a GPU's memory; in some tests a CPU tensor stands in for such a one.
bool on_gpu(const at::Tensor& x);

/// Whether this build has CUDA kernels of ours (HYENA_CUDA).
bool has_cuda_kernels();

/// The device that holds `x`; asked of the driver once.
kernels::cuda::Device kernel_device(const at::Tensor& x);

/// Makes the device of a tensor the current one while alive, and gives its current stream.
class DeviceScope {
 public:
  explicit DeviceScope(const at::Tensor& x);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;
  kernels::cuda::Stream stream() const { return stream_; }

 private:
  kernels::cuda::Stream stream_ = nullptr;
  int previous_ = -1;
};

}  // namespace hyena::backbone
