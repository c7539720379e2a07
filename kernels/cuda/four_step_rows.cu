#include "kernels/cuda/four_step_rows.cuh"

namespace hyena::kernels::cuda::four_step {
namespace {

template <class Transform>
struct ConvolveRows {
  static constexpr int kThreads = Transform::kThreads;
  static constexpr int kMinBlocks = Transform::kColumns < 4096 ? 3 : kThreads == 256 ? 2 : 1;
  struct Args {
    Transform transform;
    float2* spectra;
    const float2* filter;
    Rows what;
    int items, blocks;  ///< of each spectrum
  };

  static HYENA_DEVICE void run(const Args& a) {
    constexpr int kNumbers = Transform::kNumbers;
    float2* shared = shared_memory<float2>();
    const std::int64_t s = block_index() / a.blocks, part = block_index() % a.blocks;
    float2* rows = a.spectra + static_cast<std::int64_t>(block_index()) * kNumbers;
    const float2* h = a.filter + (s / a.items * a.blocks + part) * kNumbers;
    if (a.what != Rows::kInverse) a.transform.forward(rows, shared);
    a.transform.middle(
        shared, a.what != Rows::kInverse, a.what != Rows::kForward, [&](int g, float2(&x)[16]) {
          for_each<16>([&](auto i) {
            constexpr int n = decltype(i)::value;
            const int slot = a.transform.slot(g, n);
            if (a.what == Rows::kForward) {
              store(rows + slot, x[n]);
            } else {
              x[n] = swapped(a.what == Rows::kInverse ? load(rows + slot)
                                                      : multiply(x[n], load(h + slot)));
            }
          });
        });
    if (a.what != Rows::kForward) a.transform.inverse(rows, shared);
  }
};

template <class Transform>
void start(const Context& c, Rows what, std::int64_t channels, int items, float* spectra,
           const float* filter) {
  const auto blocks = static_cast<int>(c.plan.size() / Transform::kNumbers);
  launch<ConvolveRows<Transform>>(
      {{reinterpret_cast<const float2*>(c.table) + table_of(c.plan).row},
       reinterpret_cast<float2*>(spectra),
       reinterpret_cast<const float2*>(filter),
       what,
       items,
       blocks},
      channels * items * blocks, 1, Transform::kShared, c.stream);
}

}  // namespace

std::size_t rows_shared_bytes(int columns) {
  return static_cast<std::size_t>(columns < 4096 ? 4096 : columns) / 16 * 17 * 2 * sizeof(float);
}

void transform_rows(const Context& c, Rows what, std::int64_t channels, int items, float* spectra,
                    const float* filter) {
  with_row(c.plan.columns, [&](auto transform) {
    start<decltype(transform)>(c, what, channels, items, spectra, filter);
  });
}

void convolve(const Context& c, const Group& group, float* spectra, const float* filter) {
  transform_rows(c, Rows::kConvolve, group.channels, group.items, spectra, filter);
}

}  // namespace hyena::kernels::cuda::four_step
