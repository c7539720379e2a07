#include "kernels/cuda/grid_fft_rows.cuh"

namespace hyena::kernels::cuda::grid_fft {

namespace {

template <class Source>
void load_from(const Source& source, const RowPlace& place, float* spectra, Stream stream) {
  launch<LoadRows<Source>>({source, place, reinterpret_cast<float2*>(spectra)}, place.blocks(), 1,
                           place.shared_bytes(), stream);
}

}  // namespace

void load_rows(const Context& c, const Group& group, const ConstSequences& k,
               const ConstSequences& v, float* spectra) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    load_from(Product<T>{signal<T>(k), signal<T>(v), group, c.plan.width},
              row_place(c, group.count(), c.plan.height, c.plan.rows_size(), c.plan.width), spectra,
              c.stream);
  });
}

void load_lags(const Context& c, std::int64_t channels, const float* dense, float* spectra) {
  const Plan& p = c.plan;
  const std::int64_t first_lag = p.circular ? 0 : 1 - p.width, lags = p.width - first_lag;
  load_from(LagTaps{dense, p.lag_rows() * lags, first_lag, p.width, p.row.length,
                    1 / static_cast<float>(p.size())},
            row_place(c, channels, p.lag_rows(), p.size(), lags), spectra, c.stream);
}

}  // namespace hyena::kernels::cuda::grid_fft
