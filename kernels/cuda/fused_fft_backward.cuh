#pragma once

#include "kernels/cuda/fused_fft_plans.cuh"
#include "kernels/cuda/fused_fft_rows.cuh"
#include "kernels/cuda/launch.h"

namespace hyena::kernels::cuda::fused_fft {

HYENA_DEVICE int min_of(int a, int b) {
  return a < b ? a : b;
}

/// With u = k ⊙ v, c = h ∗ u, dc = q ⊙ dy and spectra in capitals: dq = dy ⊙ c from U H, du from
/// conj(H) DC, dk = du ⊙ v, dv = du ⊙ k, and the filter's gradient from Σ conj(U) DC, added up in
/// memory over the batch items of a slot.
template <int N>
struct Backward {
  using Exchange = typename Lengths<N>::BackwardExchange;
  using Group = fused_fft::Group<N, Exchange>;
  using Plan = typename Group::Plan;
  using Block = RingBlock<Plan, Exchange>;
  static constexpr int kThreads = Group::kThreads, kMinBlocks = Lengths<N>::kBackwardBlocks;
  static constexpr int P = Plan::P, T = Plan::kThreads;
  using Args = BackwardArgs;

  static HYENA_DEVICE void run(const Args& a) {
    const auto block = Group::block(a.table, kBackwardBytes<N> / Group::kRows);
    const int t = block.t;
    const int d = Group::row();
    // A group with no channel goes along with no elements.
    const auto length = [&] { return Group::kRows == 1 || opaque(d) < a.channels ? a.length : 0; };

    for (int item = block_row(); item < a.batch; item += a.groups) {
      float2 x[P];
      {
        float dc[P];
        read_product<Plan>(a.storage, t, length(), a.q, a.dy, opaque(item), opaque(d), dc);
        block.forward(dc, x);
      }
      keep(block, x);
      block.sync();
      {
        float u[P];
        read_product<Plan>(a.storage, t, length(), a.k, a.v, opaque(item), opaque(d), u);
        block.forward(u, x);
      }
      multiply(a, x, kept(block), opaque(d), opaque(t), item >= a.groups);
      if (a.dq.data != nullptr) {
        const Block back = block.again();
        back.inverse(x);
        float c[P];
        back.real_parts(x, c);
        write_product<Plan>(a.storage, back.t, length(), a.dy, a.dq, opaque(item), opaque(d), c);
        block.sync();
      }
      fetch(block, x);
      const Block back = block.again();
      back.inverse(x);
      float du[P];
      back.real_parts(x, du);
      if (a.dk.data != nullptr)
        write_product<Plan>(a.storage, back.t, length(), a.v, a.dk, opaque(item), opaque(d), du);
      write_product<Plan>(a.storage, back.t, length(), a.k, a.dv, opaque(item), opaque(d), du);
    }
  }

 private:
  /// Each thread keeps numbers of its own behind the exchange's memory: no barrier.
  static HYENA_DEVICE float4* kept(const Block& block) {
    return reinterpret_cast<float4*>(block.shared + Exchange::kBytes / 4) + opaque(block.t);
  }
  static HYENA_DEVICE void keep(const Block& block, const float2 (&x)[P]) {
    float4* to = kept(block);
    HYENA_UNROLL
    for (int i = 0; i < P; i += 2) {
      store(to + i / 2 * T, make_float4(x[i].x, x[i].y, x[i + 1].x, x[i + 1].y));
    }
  }
  static HYENA_DEVICE void fetch(const Block& block, float2 (&x)[P]) {
    const float4* from = kept(block);
    HYENA_UNROLL
    for (int i = 0; i < P; i += 2) {
      const float4 two = load(from + i / 2 * T);
      x[i] = make_float2(two.x, two.y);
      x[i + 1] = make_float2(two.z, two.w);
    }
  }

  /// x: u -> u h, kept: dc -> dc conj(h), sums of the slot += dc conj(u).
  static HYENA_DEVICE void multiply(const Args& a, float2 (&x)[P], float4* kept, int d, int t,
                                    bool add) {
    const std::int64_t of_h = Group::kRows == 1 ? d : min_of(d, a.channels - 1);
    const std::int64_t slot = d * a.groups + block_row();
    const float4* h = static_cast<const float4*>(a.spectrum) + of_h * (N / 2) + t;
    float4* sums = static_cast<float4*>(a.sums) + slot * (N / 2) + t;
    // Two passes, and few points at a time: loads of all at once would need more registers than
    // there are.
    HYENA_UNROLL
    for (int i = 0; i < P; i += 2) {
      const int at = i / 2 * T;
      const float4 dc = load(kept + at);
      float4 sum = make_float4(0, 0, 0, 0);
      if (add) sum = load(sums + at);
      const float2 of0 = times_conjugate(make_float2(dc.x, dc.y), x[i]);
      const float2 of1 = times_conjugate(make_float2(dc.z, dc.w), x[i + 1]);
      store(sums + at, make_float4(sum.x + of0.x, sum.y + of0.y, sum.z + of1.x, sum.w + of1.y));
      if (i % 8 == 6) warp_barrier();
    }
    HYENA_UNROLL
    for (int i = 0; i < P; i += 2) {
      const int at = i / 2 * T;
      const float4 dc = load(kept + at), two = load(h + at);
      const float2 h0 = make_float2(two.x, two.y), h1 = make_float2(two.z, two.w);
      const float2 du0 = times_conjugate(make_float2(dc.x, dc.y), h0);
      const float2 du1 = times_conjugate(make_float2(dc.z, dc.w), h1);
      store(kept + at, make_float4(du0.x, du0.y, du1.x, du1.y));
      x[i] = times(x[i], h0);
      x[i + 1] = times(x[i + 1], h1);
      if (i % 8 == 6) warp_barrier();
    }
  }
};

template <int N>
void Kernels<N>::backward(const BackwardArgs& args, Stream stream) {
  launch<Backward<N>>(args, Backward<N>::Group::blocks(args.channels), args.groups,
                      kBackwardBytes<N>, stream);
}

}  // namespace hyena::kernels::cuda::fused_fft
