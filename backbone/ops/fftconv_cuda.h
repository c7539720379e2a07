#pragma once

#include <string>

#include "backbone/ops/fftconv_composed.h"
#include "backbone/ops/fftconv_kernels.h"

/// fftconv_kernels.h for tensors on a GPU, on the methods of kernels/cuda. Only builds with
/// HYENA_CUDA have it (cuda_device.h). Work goes to LibTorch's current stream, memory comes from
/// its allocator; after one call of each shape calls may be captured in a CUDA graph.
namespace hyena::backbone {

/// Sequences (B, D, L) are grids of height 1 with geometry.centre_row 0; grids (B, D, H, W).
at::Tensor cuda_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const at::Tensor& h, const at::Tensor& bias, const GridGeometry& geometry);

/// As kernel_hyena_conv(): short filters, gates and the long convolution in one function that keeps
/// nothing but x and writes the gradients of the three streams where the next kernel reads them.
at::Tensor cuda_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                           const at::Tensor& short_bias, const at::Tensor& h,
                           const at::Tensor& bias, const GridGeometry& geometry,
                           const ShortStreams& streams);

PreparedConvolution prepare_cuda_fftconv(const at::Tensor& v, const at::Tensor& h,
                                         const at::Tensor& bias, const GridGeometry& geometry);

/// While alive, this thread's convolutions on a GPU use the method of that name ("": the best) and
/// fail where it does not serve the shape: for measurements.
class CudaMethod {
 public:
  explicit CudaMethod(std::string name);
  ~CudaMethod();
  CudaMethod(const CudaMethod&) = delete;
  CudaMethod& operator=(const CudaMethod&) = delete;

 private:
  std::string outer_;
};

/// The name of the method that serves signals like v.
std::string cuda_fftconv_method(const at::Tensor& v, const at::Tensor& h,
                                const GridGeometry& geometry);

}  // namespace hyena::backbone
