#include "kernels/cuda/four_step_columns.cuh"
#include "kernels/cuda/gates.cuh"

namespace hyena::kernels::cuda::four_step {
namespace {

/// Taps of one channel: h+[n] + i · h−[M − n].
struct LagTaps {
  static constexpr bool kReal = false;
  const float* dense;
  std::int64_t first_lag, length, size;
  float scale;

  struct Row {
    const float* zero;
    std::int64_t first_lag, length, size;
    float scale;
    HYENA_DEVICE float2 at(std::int64_t n) const {
      const float right = n < length ? load(zero + n) : 0;
      const float left = n - size >= first_lag ? load(zero + n - size) : 0;
      return make_float2(right * scale, left * scale);
    }
  };
  HYENA_DEVICE Row row(std::int64_t s) const {
    return {dense + s * (length - first_lag) - first_lag, first_lag, length, size, scale};
  }
};

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
  const LagTaps taps{dense, first_lag, c.length, c.plan.size(),
                     1 / static_cast<float>(c.plan.size())};
  load_from(c, taps, channels, spectra);
}

}  // namespace hyena::kernels::cuda::four_step
