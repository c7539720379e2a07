#include "kernels/cuda/fused_fft_forward.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<8192>::forward(const ForwardArgs&, Stream);
template void Kernels<16384>::forward(const ForwardArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
