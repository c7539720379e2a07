#include "kernels/cuda/four_step_columns.cuh"
#include "kernels/cuda/gates.cuh"

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

void store_signals(const Context& c, const Group& group, Way, const float* spectra,
                   const Stores& stores) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    store_to(c, gated<T>(stores, group, c.length), group.count(), spectra);
  });
}

void store_filter(const Context& c, std::int64_t channels, float* spectra, float* dense) {
  transform_rows(c, Rows::kInverse, channels, 1, spectra, nullptr);
  store_to(c, filter_rows<LagGradients>(c, dense), channels, spectra);
}

}  // namespace hyena::kernels::cuda::four_step
