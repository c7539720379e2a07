#pragma once

#include "kernels/cuda/ring_block.cuh"

/// The instantiated lengths of fused_fft: registers and radices of each, rows in a block.
namespace hyena::kernels::cuda::fused_fft {

/// kForwardBlocks, kBackwardBlocks: blocks that a multiprocessor shall hold, which bounds
/// registers.
template <int N>
struct Lengths;

template <>
struct Lengths<256> {
  using Plan = RingPlan<256, 32, false, 16, 16, 1>;
  static constexpr int kRows = 16, kForwardBlocks = 4, kBackwardBlocks = 3;
};
template <>
struct Lengths<512> {
  using Plan = RingPlan<512, 32, false, 16, 32, 1>;
  static constexpr int kRows = 8, kForwardBlocks = 4, kBackwardBlocks = 3;
};
template <>
struct Lengths<1024> {
  using Plan = RingPlan<1024, 32, false, 32, 32, 1>;
  static constexpr int kRows = 4, kForwardBlocks = 4, kBackwardBlocks = 3;
};
template <>
struct Lengths<2048> {
  using Plan = RingPlan<2048, 32, false, 16, 8, 16>;
  static constexpr int kRows = 1, kForwardBlocks = 8, kBackwardBlocks = 6;
};
template <>
struct Lengths<4096> {
  using Plan = RingPlan<4096, 32, false, 16, 16, 16>;
  static constexpr int kRows = 1, kForwardBlocks = 4, kBackwardBlocks = 3;
};
template <>
struct Lengths<8192> {
  using Plan = RingPlan<8192, 32, true, 16, 32, 16>;
  static constexpr int kRows = 1, kForwardBlocks = 2, kBackwardBlocks = 1;
};
template <>
struct Lengths<16384> {
  using Plan = RingPlan<16384, 32, true, 32, 32, 16>;
  static constexpr int kRows = 1, kForwardBlocks = 1, kBackwardBlocks = 1;
};

/// Backward keeps a spectrum in shared memory beside the exchange's; at 16K both fit only when the
/// exchange takes half.
template <int N>
struct BackwardExchange {
  using Type = WholeExchange<typename Lengths<N>::Plan>;
};
template <>
struct BackwardExchange<16384> {
  using Type = SplitExchange<Lengths<16384>::Plan>;
};

/// Bytes of shared memory of a block.
template <int N>
constexpr int kForwardBytes = Lengths<N>::kRows* WholeExchange<typename Lengths<N>::Plan>::kBytes;
template <int N>
constexpr int kBackwardBytes = Lengths<N>::kRows*(BackwardExchange<N>::Type::kBytes + 8 * N);

/// The group of threads of a row: its transform, and which row of all it is.
template <int N, class Exchange>
struct Group {
  using Plan = typename Lengths<N>::Plan;
  static constexpr int kRows = Lengths<N>::kRows, kThreads = kRows * Plan::kThreads;

  static HYENA_DEVICE RingBlock<Plan, Exchange> block(const void* table, int bytes_between) {
    const auto* floats = static_cast<const float4*>(table);
    if constexpr (kRows == 1) {
      return {floats, shared_memory<float>(), thread_index()};
    } else {
      const auto thread = static_cast<unsigned>(thread_index());
      return {floats, shared_memory<float>() + thread / Plan::kThreads * (bytes_between / 4),
              static_cast<int>(thread % Plan::kThreads)};
    }
  }
  static HYENA_DEVICE int row() {
    return kRows == 1 ? block_index() : block_index() * kRows + thread_index() / Plan::kThreads;
  }
  static int blocks(int rows) { return (rows + kRows - 1) / kRows; }
};

}  // namespace hyena::kernels::cuda::fused_fft
