#include "kernels/cuda/four_step_rows.cuh"

namespace hyena::kernels::cuda::four_step {
namespace {

/// Three passes over the rows of every item. One row buffer does for both signals, since the
/// spectrum of u waits in the place of its rows:
///   0  u to its spectrum, which stays
///   1  dc to its spectrum; dh += DC · conj(U); DC · conj(H) and back
///   2  U · H and back
template <class Transform>
struct DifferentiateRows {
  static constexpr int kThreads = Transform::kThreads, kMinBlocks = kThreads == 256 ? 2 : 1;
  struct Args {
    Transform transform;
    float2 *u, *dc;
    const float2* filter;
    float2* dh;
    int items, blocks;  ///< of each spectrum
    bool add;
  };

  static HYENA_DEVICE void run(const Args& a) {
    constexpr int kNumbers = Transform::kNumbers;
    float2* shared = shared_memory<float2>();
    const std::int64_t channel = block_index() / a.blocks, part = block_index() % a.blocks;
    const float2* h = a.filter + static_cast<std::int64_t>(block_index()) * kNumbers;
    float2* dh = a.dh + static_cast<std::int64_t>(block_index()) * kNumbers;
    HYENA_KEEP_LOOP
    for (int step = 0; step < 3 * a.items; ++step) {
      const int pass = step % 3;
      const std::int64_t at = ((channel * a.items + step / 3) * a.blocks + part) * kNumbers;
      float2* u = a.u + at;
      float2* rows = pass == 1 ? a.dc + at : u;
      if (step > 0) barrier();
      if (pass != 2) a.transform.forward(rows, shared);
      a.transform.middle(shared, pass != 2, pass != 0, [&](int g, float2(&x)[16]) {
        for_each<16>([&](auto i) {
          constexpr int n = decltype(i)::value;
          const int slot = a.transform.slot(g, n);
          if (pass == 0) {
            store(u + slot, x[n]);
          } else if (pass == 1) {
            const float2 product = multiply_conjugate(x[n], load(u + slot));
            const bool first = step == 1 && !a.add;
            store(dh + slot, first ? product : add(load(dh + slot), product));
            x[n] = swapped(multiply_conjugate(x[n], load(h + slot)));
          } else {
            x[n] = swapped(multiply(load(u + slot), load(h + slot)));
          }
        });
      });
      if (pass != 0) a.transform.inverse(rows, shared);
    }
  }
};

template <class Transform>
void start(const Context& c, const Group& group, float* u, float* dc, const float* filter,
           float* dh, bool add) {
  const auto blocks = static_cast<int>(c.plan.size() / Transform::kNumbers);
  launch<DifferentiateRows<Transform>>(
      {{reinterpret_cast<const float2*>(c.table) + table_of(c.plan).row},
       reinterpret_cast<float2*>(u),
       reinterpret_cast<float2*>(dc),
       reinterpret_cast<const float2*>(filter),
       reinterpret_cast<float2*>(dh),
       group.items,
       blocks,
       add},
      static_cast<std::int64_t>(group.channels) * blocks, 1, Transform::kShared, c.stream);
}

}  // namespace

void differentiate(const Context& c, const Group& group, float* u, float* dc, const float* filter,
                   float* dh, bool add) {
  with_row(c.plan.columns,
           [&](auto transform) { start<decltype(transform)>(c, group, u, dc, filter, dh, add); });
}

}  // namespace hyena::kernels::cuda::four_step
