#include "kernels/cuda/fused_fft_forward.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<256>::forward(const ForwardArgs&, Stream);
template void Kernels<512>::forward(const ForwardArgs&, Stream);
template void Kernels<1024>::forward(const ForwardArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
