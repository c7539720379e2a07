#include "kernels/cuda/fused_fft_backward.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<8192>::backward(const BackwardArgs&, Stream);
template void Kernels<16384>::backward(const BackwardArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
