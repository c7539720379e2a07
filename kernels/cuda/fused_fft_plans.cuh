#pragma once

#include "kernels/cuda/ring_block.cuh"

/// The instantiated lengths of fused_fft: registers and radices of each, rows in a block.
namespace hyena::kernels::cuda::fused_fft {

/// Blocks that a multiprocessor shall hold bound registers. Backward keeps a spectrum in shared
/// memory beside the exchange's.
template <class Plan_, int Rows, int ForwardBlocks, int BackwardBlocks,
          template <class> class Exchange = WholeExchange>
struct LengthOf {
  using Plan = Plan_;
  using BackwardExchange = Exchange<Plan>;
  static constexpr int kRows = Rows;
  static constexpr int kForwardBlocks = ForwardBlocks, kBackwardBlocks = BackwardBlocks;
};

template <int N>
struct Lengths;
template <>
struct Lengths<256> : LengthOf<RingPlan<256, 32, false, 16, 16, 1>, 16, 4, 3> {};
template <>
struct Lengths<512> : LengthOf<RingPlan<512, 32, false, 16, 32, 1>, 8, 4, 3> {};
template <>
struct Lengths<1024> : LengthOf<RingPlan<1024, 32, false, 32, 32, 1>, 4, 4, 3> {};
template <>
struct Lengths<2048> : LengthOf<RingPlan<2048, 32, false, 16, 8, 16>, 1, 8, 6> {};
template <>
struct Lengths<4096> : LengthOf<RingPlan<4096, 32, false, 16, 16, 16>, 1, 4, 3> {};
template <>
struct Lengths<8192> : LengthOf<RingPlan<8192, 32, true, 16, 32, 16>, 1, 2, 1> {};
/// Two spectra fit only when the exchange takes half.
template <>
struct Lengths<16384> : LengthOf<RingPlan<16384, 32, true, 32, 32, 16>, 1, 1, 1, SplitExchange> {};

/// Bytes of shared memory of a block.
template <int N>
constexpr int kForwardBytes = Lengths<N>::kRows* WholeExchange<typename Lengths<N>::Plan>::kBytes;
template <int N>
constexpr int kBackwardBytes = Lengths<N>::kRows*(Lengths<N>::BackwardExchange::kBytes + 8 * N);

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
