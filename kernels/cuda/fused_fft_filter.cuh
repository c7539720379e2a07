#pragma once

#include "kernels/cuda/fused_fft.h"
#include "kernels/cuda/fused_fft_plans.cuh"
#include "kernels/cuda/launch.h"

/// Filters between taps by lag and spectra. On the ring x^N = i, lag j − N is −i x^j: tap j of the
/// polynomial is h[j] − i h[j − N].
namespace hyena::kernels::cuda::fused_fft {

/// Calls f(i, j, right, left) for the registers whose place j has a lag: h[j] lies at `right`,
/// h[j − N] at `left`; null where there is none.
template <class Plan, class F>
HYENA_DEVICE void for_lags(const FilterArgs& a, std::int64_t d, int t, F&& f) {
  using Lines = RingLines<Plan, 1>;
  const std::int64_t count = a.causal ? a.length : 2 * a.length - 1;
  float* zero = a.dense + d * count + (a.causal ? 0 : a.length - 1);
  HYENA_UNROLL
  for (int i = 0; i < Plan::P; ++i) {
    const int j = Lines::column(t) + Lines::offset(i);
    const bool left = !a.causal && Plan::N - j < a.length;
    f(i, j < a.length ? zero + j : nullptr, left ? zero + (j - Plan::N) : nullptr);
  }
}

template <int N>
struct TransformFilter {
  using Group = fused_fft::Group<N, WholeExchange<typename Lengths<N>::Plan>>;
  using Plan = typename Group::Plan;
  static constexpr int kThreads = Group::kThreads, kMinBlocks = 1;
  using Args = FilterArgs;

  static HYENA_DEVICE void run(const Args& a) {
    const auto block = Group::block(a.table, kForwardBytes<N> / Group::kRows);
    const std::int64_t d = Group::row();
    const bool there = Group::kRows == 1 || d < a.channels;
    float2 x[Plan::P];
    for_lags<Plan>(a, there ? d : 0, block.t, [&](int i, const float* right, const float* left) {
      x[i] =
          make_float2(right != nullptr ? load(right) : 0.0F, left != nullptr ? -load(left) : 0.0F);
    });
    block.forward(x);
    if (!there) return;
    constexpr float kScale = 1.0F / N;
    float4* out = static_cast<float4*>(a.spectrum) + d * (N / 2) + block.t;
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; i += 2) {
      store(out + i / 2 * Plan::kThreads, make_float4(kScale * x[i].x, kScale * x[i].y,
                                                      kScale * x[i + 1].x, kScale * x[i + 1].y));
    }
  }
};

template <int N>
struct TransformGradients {
  using Group = fused_fft::Group<N, WholeExchange<typename Lengths<N>::Plan>>;
  using Plan = typename Group::Plan;
  static constexpr int kThreads = Group::kThreads, kMinBlocks = 1;
  using Args = FilterArgs;

  static HYENA_DEVICE void run(const Args& a) {
    const auto block = Group::block(a.table, kForwardBytes<N> / Group::kRows);
    const std::int64_t d = Group::row();
    const bool there = Group::kRows == 1 || d < a.channels;
    const float4* in =
        static_cast<const float4*>(a.spectrum) + (there ? d : 0) * a.groups * (N / 2) + block.t;
    float2 x[Plan::P];
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; ++i) x[i] = make_float2(0, 0);
    for (int group = 0; group < a.groups; ++group, in += N / 2) {
      HYENA_UNROLL
      for (int i = 0; i < Plan::P; i += 2) {
        const float4 two = load(in + i / 2 * Plan::kThreads);
        x[i] = make_float2(x[i].x + two.x, x[i].y + two.y);
        x[i + 1] = make_float2(x[i + 1].x + two.z, x[i + 1].y + two.w);
      }
    }
    block.inverse(x);
    constexpr float kScale = 1.0F / N;
    block.twist([&](auto index, float2 w) {
      constexpr int i = decltype(index)::value;
      x[i] = times(x[i], make_float2(kScale * w.x, kScale * w.y));
    });
    if (!there) return;
    for_lags<Plan>(a, d, block.t, [&](int i, float* right, float* left) {
      if (right != nullptr) store(right, x[i].x);
      if (left != nullptr) store(left, -x[i].y);
    });
  }
};

template <int N>
void Kernels<N>::transform_filter(const FilterArgs& args, Stream stream) {
  launch<TransformFilter<N>>(args, TransformFilter<N>::Group::blocks(args.channels), 1,
                             kForwardBytes<N>, stream);
}
template <int N>
void Kernels<N>::transform_gradients(const FilterArgs& args, Stream stream) {
  launch<TransformGradients<N>>(args, TransformGradients<N>::Group::blocks(args.channels), 1,
                                kForwardBytes<N>, stream);
}

}  // namespace hyena::kernels::cuda::fused_fft
