#include "kernels/cuda/grid_fft_rows.cuh"

namespace hyena::kernels::cuda::grid_fft {

namespace {

template <class Sink>
void store_to(const Sink& sink, const RowPlace& place, const float* spectra, Wrap wrap,
              const Context& c) {
  launch<StoreRows<Sink>>({sink, place, reinterpret_cast<const float2*>(spectra),
                           c.plan.circular ? wrap : Wrap::kNone, c.plan.width},
                          place.blocks(), 1, place.shared_bytes(), c.stream);
}

}  // namespace

void store_signals(const Context& c, const Group& group, Way way, const float* spectra,
                   const Stores& stores) {
  const Wrap wrap = way == Way::kConvolution ? Wrap::kEnd : Wrap::kStart;
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    store_to(gated<T>(stores, group, c.plan.width), signal_place(c, group), spectra, wrap, c);
  });
}

void store_filter(const Context& c, std::int64_t channels, float* spectra, float* dense) {
  filter_columns(c, channels, spectra, true);
  store_to(filter_rows<LagGradients>(c, dense), filter_place(c, channels), spectra, Wrap::kStart,
           c);
}

}  // namespace hyena::kernels::cuda::grid_fft
