#include <c10/util/Exception.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/cuda_kernels.h"
#include "backbone/ops/fftconv_cuda.h"

// Builds without HYENA_CUDA: tensors on a GPU take LibTorch's own operations.
namespace hyena::backbone {

bool on_gpu(const at::Tensor& x) {
  return x.is_cuda();
}
bool has_cuda_kernels() {
  return false;
}

namespace {
[[noreturn]] void absent() {
  TORCH_CHECK(false, "this build has no CUDA kernels (HYENA_CUDA=OFF)");
}
}  // namespace

void cuda_filter_forward(const kernels::FilterShape&, const kernels::FilterParameters&,
                         kernels::Taps, const at::Tensor&) {
  absent();
}
void cuda_filter_backward(const kernels::FilterShape&, const kernels::FilterParameters&,
                          kernels::ConstTaps, const kernels::FilterGradients&, const at::Tensor&) {
  absent();
}
void cuda_short_conv_forward(const kernels::ShortConvShape&, const at::Tensor&, const at::Tensor&,
                             const at::Tensor&, const at::Tensor&) {
  absent();
}
void cuda_short_conv_backward(const kernels::ShortConvShape&, const at::Tensor&, const at::Tensor&,
                              const at::Tensor&, const at::Tensor&, const at::Tensor&,
                              const at::Tensor&) {
  absent();
}
CudaMethod::CudaMethod(std::string) {}
CudaMethod::~CudaMethod() = default;

at::Tensor cuda_fftconv(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                        const at::Tensor&, const GridGeometry&) {
  absent();
}
at::Tensor cuda_hyena_conv(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                           const at::Tensor&, const at::Tensor&, const GridGeometry&,
                           const ShortStreams&) {
  absent();
}
PreparedConvolution prepare_cuda_fftconv(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                         const GridGeometry&) {
  absent();
}

std::string cuda_fftconv_method(const at::Tensor&, const at::Tensor&, const GridGeometry&) {
  absent();
}

}  // namespace hyena::backbone
