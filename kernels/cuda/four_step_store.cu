#include "kernels/cuda/four_step_columns.cuh"
#include "kernels/cuda/gates.cuh"
#include "kernels/cuda/lag_rows.cuh"

namespace hyena::kernels::cuda::four_step {
namespace {

template <class Sink>
void store_to(const Context& c, const Sink& sink, std::int64_t count, const float* spectra) {
  with_radix(c.plan.radix, [&](auto radix) {
    constexpr int R = decltype(radix)::value;
    launch<StoreColumns<Sink, R>>(
        {sink, column_place<R>(c), reinterpret_cast<const float2*>(spectra)},
        count * (c.plan.columns / kTile), 1, column_shared_bytes(R), c.stream);
  });
}

}  // namespace

void store_columns(const Context& c, const Group& group, const float* spectra,
                   const Stores& stores) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    store_to(c, gated<T>(stores, group, c.length), group.count(), spectra);
  });
}

void store_lags(const Context& c, std::int64_t channels, std::int64_t first_lag,
                const float* spectra, float* dense) {
  store_to(c,
           LagGradients{dense, c.length - first_lag, first_lag, c.length, c.plan.size(),
                        1 / static_cast<float>(c.plan.size())},
           channels, spectra);
}

}  // namespace hyena::kernels::cuda::four_step
