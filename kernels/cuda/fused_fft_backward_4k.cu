#include "kernels/cuda/fused_fft_backward.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<2048>::backward(const BackwardArgs&, Stream);
template void Kernels<4096>::backward(const BackwardArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
