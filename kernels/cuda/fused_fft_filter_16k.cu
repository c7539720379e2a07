#include "kernels/cuda/fused_fft_filter.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<8192>::transform_filter(const FilterArgs&, Stream);
template void Kernels<8192>::transform_gradients(const FilterArgs&, Stream);
template void Kernels<16384>::transform_filter(const FilterArgs&, Stream);
template void Kernels<16384>::transform_gradients(const FilterArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
