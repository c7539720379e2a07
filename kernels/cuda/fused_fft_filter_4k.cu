#include "kernels/cuda/fused_fft_filter.cuh"

namespace hyena::kernels::cuda::fused_fft {

template void Kernels<256>::transform_filter(const FilterArgs&, Stream);
template void Kernels<256>::transform_gradients(const FilterArgs&, Stream);
template void Kernels<512>::transform_filter(const FilterArgs&, Stream);
template void Kernels<512>::transform_gradients(const FilterArgs&, Stream);
template void Kernels<1024>::transform_filter(const FilterArgs&, Stream);
template void Kernels<1024>::transform_gradients(const FilterArgs&, Stream);
template void Kernels<2048>::transform_filter(const FilterArgs&, Stream);
template void Kernels<2048>::transform_gradients(const FilterArgs&, Stream);
template void Kernels<4096>::transform_filter(const FilterArgs&, Stream);
template void Kernels<4096>::transform_gradients(const FilterArgs&, Stream);

}  // namespace hyena::kernels::cuda::fused_fft
