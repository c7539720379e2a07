#include "kernels/cuda/four_step_columns.cuh"
#include "kernels/cuda/gates.cuh"

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

void load_signals(const Context& c, const Group& group, const ConstSequences& k,
                  const ConstSequences& v, float* spectra) {
  with_type(c.type, [&](auto type) {
    using T = decltype(type);
    load_from(c, Product<T>{signal<T>(k), signal<T>(v), group, c.length}, group.count(), spectra);
  });
}

void load_filter(const Context& c, std::int64_t channels, const float* dense, float* spectra) {
  load_from(c, filter_rows<LagTaps>(c, dense), channels, spectra);
  transform_rows(c, Rows::kForward, channels, 1, spectra, nullptr);
}

}  // namespace hyena::kernels::cuda::four_step
