#include "kernels/cuda/fused_fft_backward.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<256>::backward(const BackwardArgs&, Stream);
template void Kernels<512>::backward(const BackwardArgs&, Stream);
template void Kernels<1024>::backward(const BackwardArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
