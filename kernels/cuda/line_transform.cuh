#pragma once

#include "kernels/cuda/line_plan.h"
#include "kernels/cuda/small_dft.cuh"

/// Transforms of lines that lie side by side in shared memory.
namespace hyena::kernels::cuda {

/// 2^shift lines of `length` numbers. Number n of line c lies at [n][c ^ n's last bits]: threads
/// that go along a line meet no bank twice, nor do threads that go across.
struct Tile {
  float2* data;
  int shift;

  HYENA_DEVICE int lines() const { return 1 << shift; }
  HYENA_DEVICE float2* at(int n, int line) const {
    return data + (n << shift) + (line ^ (n & (lines() - 1)));
  }
};

namespace detail {

/// One step of all lines; Inverse on numbers with their parts swapped.
template <int R, bool Inverse, int Threads>
HYENA_DEVICE void line_step(const Tile& tile, int length, const LinePlan::Step& step,
                            const float2* table) {
  const int groups = length / R << tile.shift, stride = step.stride;
  HYENA_KEEP_LOOP
  for (int item = thread_index(); item < groups; item += Threads) {
    const int line = item & (tile.lines() - 1), g = item >> tile.shift;
    const int block = static_cast<int>(static_cast<unsigned>(g) * step.magic >> 20);
    const int offset = g - block * stride, first = block * stride * R + offset;
    const float2* twiddle = table + step.twiddles + offset;
    float2 x[R];
    x[0] = load(tile.at(first, line));
    for_each<R - 1>([&](auto i) {
      constexpr int j = decltype(i)::value + 1;
      x[j] = load(tile.at(first + j * stride, line));
      if (Inverse && stride > 1) x[j] = multiply(x[j], load(twiddle + (j - 1) * stride));
    });
    Dft<R>::run(x);
    store(tile.at(first, line), x[0]);
    for_each<R - 1>([&](auto i) {
      constexpr int k = decltype(i)::value + 1;
      if (!Inverse && stride > 1) x[k] = multiply(x[k], load(twiddle + (k - 1) * stride));
      store(tile.at(first + k * stride, line), x[k]);
    });
  }
}

template <bool Inverse, int Threads>
HYENA_DEVICE void line_step(const Tile& tile, const LinePlan& plan, int s, const float2* table) {
  const LinePlan::Step& step = plan.step[s];
  switch (step.radix) {
    case 2:
      return line_step<2, Inverse, Threads>(tile, plan.length, step, table);
    case 3:
      return line_step<3, Inverse, Threads>(tile, plan.length, step, table);
    case 4:
      return line_step<4, Inverse, Threads>(tile, plan.length, step, table);
    case 5:
      return line_step<5, Inverse, Threads>(tile, plan.length, step, table);
    case 7:
      return line_step<7, Inverse, Threads>(tile, plan.length, step, table);
    case 8:
      return line_step<8, Inverse, Threads>(tile, plan.length, step, table);
    default:
      return line_step<16, Inverse, Threads>(tile, plan.length, step, table);
  }
}

}  // namespace detail

/// Every line of the tile to its spectrum, in the plan's order. The block's threads all call it;
/// there is a barrier before and after.
template <int Threads>
HYENA_DEVICE void transform_lines(const Tile& tile, const LinePlan& plan, const float2* table) {
  barrier();
  HYENA_KEEP_LOOP
  for (int s = 0; s < plan.steps; ++s) {
    detail::line_step<false, Threads>(tile, plan, s, table);
    barrier();
  }
}

/// The way back, times the length, of numbers with their parts swapped (the result as well).
template <int Threads>
HYENA_DEVICE void transform_lines_back(const Tile& tile, const LinePlan& plan,
                                       const float2* table) {
  barrier();
  HYENA_KEEP_LOOP
  for (int s = plan.steps - 1; s >= 0; --s) {
    detail::line_step<true, Threads>(tile, plan, s, table);
    barrier();
  }
}

}  // namespace hyena::kernels::cuda
