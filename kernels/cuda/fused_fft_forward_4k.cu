#include "kernels/cuda/fused_fft_forward.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<2048>::forward(const ForwardArgs&, Stream);
template void Kernels<4096>::forward(const ForwardArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
