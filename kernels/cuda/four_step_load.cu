#include "kernels/cuda/four_step_columns.cuh"
#include "kernels/cuda/gates.cuh"
#include "kernels/cuda/lag_rows.cuh"

namespace hyena::kernels::cuda::four_step {
namespace {

template <class Source>
void load_from(const Context& c, const Source& source, std::int64_t count, float* spectra) {
  with_radix(c.plan.radix, [&](auto radix) {
    constexpr int R = decltype(radix)::value;
    launch<LoadColumns<Source, R>>({source, column_place<R>(c), reinterpret_cast<float2*>(spectra)},
                                   count * (c.plan.columns / kTile), 1, column_shared_bytes(R),
                                   c.stream);
  });
}

}  // namespace

void load_columns(const Context& c, const Group& group, const ConstSequences& k,
                  const ConstSequences& v, float* spectra) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    load_from(c, Product<T>{signal<T>(k), signal<T>(v), group, c.length}, group.count(), spectra);
  });
}

void load_lags(const Context& c, std::int64_t channels, std::int64_t first_lag, const float* dense,
               float* spectra) {
  const LagTaps taps{dense,    c.length - first_lag, first_lag,
                     c.length, c.plan.size(),        1 / static_cast<float>(c.plan.size())};
  load_from(c, taps, channels, spectra);
}

}  // namespace hyena::kernels::cuda::four_step
