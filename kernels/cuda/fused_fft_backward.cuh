#pragma once

#include "kernels/cuda/fused_fft_plans.cuh"
#include "kernels/cuda/fused_fft_rows.cuh"
#include "kernels/cuda/launch.h"

namespace hyena::kernels::cuda::fused_fft {

/// With u = k ⊙ v, c = h ∗ u, dc = q ⊙ dy and spectra in capitals: dq = dy ⊙ c from U H, du from
/// conj(H) DC, dk = du ⊙ v, dv = du ⊙ k, and the filter's gradient from Σ conj(U) DC, added up in
/// memory over the batch items of a slot.
template <int N>
struct Backward {
  using Exchange = typename BackwardExchange<N>::Type;
  using Group = fused_fft::Group<N, Exchange>;
  using Plan = typename Group::Plan;
  static constexpr int kThreads = Group::kThreads, kMinBlocks = Lengths<N>::kBackwardBlocks;
  static constexpr int P = Plan::P, T = Plan::kThreads;
  using Args = BackwardArgs;

  static HYENA_DEVICE void run(const Args& a) {
    const auto block = Group::block(a.table, kBackwardBytes<N> / Group::kRows);
    const int t = block.t;
    // Each thread keeps its own numbers here: no barrier.
    float4* kept = reinterpret_cast<float4*>(block.shared + Exchange::kBytes / 4) + t;
    const std::int64_t slot = Group::row();
    const bool there = Group::kRows == 1 || slot < a.groups * a.channels;
    const std::int64_t d = there ? slot / a.groups : 0;
    const int group = there ? static_cast<int>(slot % a.groups) : 0;
    const float4* h = static_cast<const float4*>(a.spectrum) + d * (N / 2) + t;
    float4* sums = static_cast<float4*>(a.sums) + (there ? slot : 0) * (N / 2) + t;

    // All groups of a block take as many turns, those without an item with no elements.
    const std::int64_t turns = (a.batch + a.groups - 1) / a.groups;
    for (std::int64_t turn = 0; turn < turns; ++turn) {
      const std::int64_t item = turn * a.groups + group;
      const bool active = there && item < a.batch;
      const std::int64_t b = active ? item : 0;
      const int length = active ? a.length : 0;
      float2 x[P];
      {
        float dc[P];
        read_product<Plan>(a.storage, t, length, a.q, a.dy, b, d, dc);
        block.forward(dc, x);
      }
      HYENA_UNROLL
      for (int i = 0; i < P; i += 2) {
        store(kept + i / 2 * T, make_float4(x[i].x, x[i].y, x[i + 1].x, x[i + 1].y));
      }
      block.sync();
      {
        float u[P];
        read_product<Plan>(a.storage, t, length, a.k, a.v, b, d, u);
        block.forward(u, x);
      }
      HYENA_UNROLL
      for (int i = 0; i < P; i += 2) {
        multiply(x[i], x[i + 1], kept + i / 2 * T, h + i / 2 * T, sums + i / 2 * T, turn > 0,
                 there);
      }
      if (a.dq.data != nullptr) {
        block.inverse(x);
        float c[P];
        block.real_parts(x, c);
        write_product<Plan>(a.storage, t, length, a.dy, a.dq, b, d, c);
        block.sync();
      }
      HYENA_UNROLL
      for (int i = 0; i < P; i += 2) {
        const float4 two = load(kept + i / 2 * T);
        x[i] = make_float2(two.x, two.y);
        x[i + 1] = make_float2(two.z, two.w);
      }
      block.inverse(x);
      float du[P];
      block.real_parts(x, du);
      if (a.dk.data != nullptr) write_product<Plan>(a.storage, t, length, a.v, a.dk, b, d, du);
      write_product<Plan>(a.storage, t, length, a.k, a.dv, b, d, du);
    }
  }

 private:
  /// Two points: u -> u h, kept: dc -> dc conj(h), sums += dc conj(u).
  static HYENA_DEVICE void multiply(float2& u0, float2& u1, float4* kept, const float4* h,
                                    float4* sums, bool add, bool there) {
    const float4 dc = load(kept), two = load(h);
    const float2 dc0 = make_float2(dc.x, dc.y), dc1 = make_float2(dc.z, dc.w);
    const float2 h0 = make_float2(two.x, two.y), h1 = make_float2(two.z, two.w);
    float4 sum = make_float4(0, 0, 0, 0);
    if (add && there) sum = load(sums);
    const float2 of0 = times_conjugate(dc0, u0), of1 = times_conjugate(dc1, u1);
    if (there) {
      store(sums, make_float4(sum.x + of0.x, sum.y + of0.y, sum.z + of1.x, sum.w + of1.y));
    }
    const float2 du0 = times_conjugate(dc0, h0), du1 = times_conjugate(dc1, h1);
    store(kept, make_float4(du0.x, du0.y, du1.x, du1.y));
    u0 = times(u0, h0);
    u1 = times(u1, h1);
  }
};

template <int N>
void Kernels<N>::backward(const BackwardArgs& args, Stream stream) {
  launch<Backward<N>>(args, Backward<N>::Group::blocks(args.groups * args.channels), 1,
                      kBackwardBytes<N>, stream);
}

}  // namespace hyena::kernels::cuda::fused_fft
