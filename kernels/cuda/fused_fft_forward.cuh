#pragma once

#include "kernels/cuda/fused_fft_plans.cuh"
#include "kernels/cuda/fused_fft_rows.cuh"
#include "kernels/cuda/launch.h"

namespace hyena::kernels::cuda::fused_fft {

/// y = q ⊙ (h ∗ (k ⊙ v)), a group of threads for each row; the rows of a channel follow each other,
/// so that its spectrum is read from memory once.
template <int N>
struct Forward {
  using Group = fused_fft::Group<N, WholeExchange<typename Lengths<N>::Plan>>;
  using Plan = typename Group::Plan;
  static constexpr int kThreads = Group::kThreads, kMinBlocks = Lengths<N>::kForwardBlocks;
  static constexpr int P = Plan::P;
  using Args = ForwardArgs;

  static HYENA_DEVICE void run(const Args& a) {
    const auto block = Group::block(a.table, kForwardBytes<N> / Group::kRows);
    const int t = block.t;
    const int row = Group::row();
    // A group with no row goes along without elements.
    const bool there = Group::kRows == 1 || row < a.batch * a.channels;
    const int d = there ? row / a.batch : 0, b = there ? row % a.batch : 0;
    const int length = there ? a.length : 0;

    float2 x[P];
    {
      float u[P];
      read_product<Plan>(a.storage, t, length, a.k, a.v, b, d, u);
      block.forward(u, x);
    }
    const float4* h =
        static_cast<const float4*>(a.spectrum) + static_cast<std::int64_t>(d) * (N / 2) + t;
    HYENA_UNROLL
    for (int i = 0; i < P; i += 2) {
      const float4 two = load(h + i / 2 * Plan::kThreads);
      x[i] = times(x[i], make_float2(two.x, two.y));
      x[i + 1] = times(x[i + 1], make_float2(two.z, two.w));
    }
    block.inverse(x);
    float c[P];
    block.real_parts(x, c);
    write_product<Plan>(a.storage, t, length, a.q, a.y, b, d, c);
  }
};

template <int N>
void Kernels<N>::forward(const ForwardArgs& args, Stream stream) {
  launch<Forward<N>>(args, Forward<N>::Group::blocks(args.batch * args.channels), 1,
                     kForwardBytes<N>, stream);
}

}  // namespace hyena::kernels::cuda::fused_fft
