#include "kernels/cuda/grid_fft_rows.cuh"

namespace hyena::kernels::cuda::grid_fft {

namespace {

template <class Source>
void load_from(const Source& source, const RowPlace& place, float* spectra, Stream stream) {
  launch<LoadRows<Source>>({source, place, reinterpret_cast<float2*>(spectra)}, place.blocks(), 1,
                           place.shared_bytes(), stream);
}

}  // namespace

void load_signals(const Context& c, const Group& group, const ConstSequences& k,
                  const ConstSequences& v, float* spectra) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    load_from(Product<T>{signal<T>(k), signal<T>(v), group, c.plan.width}, signal_place(c, group),
              spectra, c.stream);
  });
}

void load_filter(const Context& c, std::int64_t channels, const float* dense, float* spectra) {
  load_from(filter_rows<LagTaps>(c, dense), filter_place(c, channels), spectra, c.stream);
  filter_columns(c, channels, spectra, false);
}

}  // namespace hyena::kernels::cuda::grid_fft
