#include "kernels/cuda/grid_fft_rows.cuh"

namespace hyena::kernels::cuda::grid_fft {

namespace {

template <class Sink>
void store_to(const Sink& sink, const RowPlace& place, const float* spectra, Wrap wrap,
              const Context& c) {
  launch<StoreRows<Sink>>(
      {sink, place, reinterpret_cast<const float2*>(spectra), wrap, c.plan.width}, place.blocks(),
      1, place.shared_bytes(), c.stream);
}

}  // namespace

void store_rows(const Context& c, const Group& group, Wrap wrap, const float* spectra,
                const Stores& stores) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    store_to(gated<T>(stores, group, c.plan.width),
             row_place(c, group.count(), c.plan.height, c.plan.rows_size(), c.plan.width), spectra,
             c.plan.circular ? wrap : Wrap::kNone, c);
  });
}

void store_lags(const Context& c, std::int64_t channels, const float* spectra, float* dense) {
  const Plan& p = c.plan;
  const std::int64_t first_lag = p.circular ? 0 : 1 - p.width, lags = p.width - first_lag;
  store_to(LagGradients{dense, p.lag_rows() * lags, first_lag, p.width, p.row.length,
                        1 / static_cast<float>(p.size())},
           row_place(c, channels, p.lag_rows(), p.size(), lags), spectra,
           p.circular ? Wrap::kStart : Wrap::kNone, c);
}

}  // namespace hyena::kernels::cuda::grid_fft
