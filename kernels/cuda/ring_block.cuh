#pragma once

#include "kernels/cuda/ring_plan.cuh"
#include "kernels/cuda/ring_table.h"

/// A whole transform by a group of Plan::kThreads threads, Plan::P numbers in each.
namespace hyena::kernels::cuda {

/// The sections of a plan's table, in places of float4.
template <class Plan>
struct RingTable {
  using First = RingLines<Plan, 1>;
  using Second = RingLines<Plan, 2>;
  static constexpr bool kThree = Plan::kStages == 3;

  static HYENA_HOST_DEVICE constexpr int float4s(int entries, int values, int adjacent) {
    return adjacent == 2 ? values * (entries / 2) : (values + 1) / 2 * entries;
  }
  static HYENA_HOST_DEVICE constexpr int values(int radix) {
    return twiddle_values(radix, Plan::kBrief);
  }
  static constexpr int kTwistValues = Plan::kBrief ? 1 : Plan::kFirst;

  static constexpr int kSecondNodes = 0;
  static constexpr int kThirdNodes =
      kSecondNodes + float4s(Second::kNodes, values(Plan::kSecond), 1);
  static constexpr int kSecondColumns =
      kThirdNodes +
      (kThree ? float4s(RingLines<Plan, Plan::kStages>::kNodes, values(Plan::kThird), 1) : 0);
  static constexpr int kFirstColumns =
      kSecondColumns +
      (kThree ? float4s(Second::kStride, values(Plan::kSecond), Second::kAdjacent) : 0);
  static constexpr int kTwist =
      kFirstColumns + float4s(First::kStride, values(Plan::kFirst), First::kAdjacent);
  static constexpr int kFloat4s = kTwist + float4s(First::kStride, kTwistValues, First::kAdjacent);

  /// Host: fills 4 · kFloat4s numbers.
  static void fill(float* out) {
    constexpr bool kBrief = Plan::kBrief;
    constexpr int kDepth = detail::log2_of(Plan::kFirst);
    fill_nodes(out + 4 * kSecondNodes, kDepth, Plan::kSecond, kBrief);
    if constexpr (kThree) {
      fill_nodes(out + 4 * kThirdNodes, kDepth + detail::log2_of(Plan::kSecond), Plan::kThird,
                 kBrief);
      fill_columns(out + 4 * kSecondColumns, Second::kStride, Plan::kSecond, kBrief,
                   Second::kAdjacent);
    }
    fill_columns(out + 4 * kFirstColumns, First::kStride, Plan::kFirst, kBrief, First::kAdjacent);
    fill_twist(out + 4 * kTwist, First::kStride, Plan::kFirst, kBrief, First::kAdjacent);
  }
};

/// Spectra are kept in thread order: float4 [P/2][kThreads], registers 2m and 2m + 1 of thread t at
/// m · kThreads + t.
template <class Plan, class Exchange>
struct RingBlock {
  static constexpr int P = Plan::P;
  using Table = RingTable<Plan>;
  using First = RingLines<Plan, 1>;

  const float4* table;
  float* shared;  ///< Exchange::kBytes of this group
  int t;          ///< thread of the group

  /// The same, with a `t` from a shuffle. The assembler sees through opaque() and would keep what
  /// it computed from the old one, in registers that a transform needs.
  HYENA_DEVICE RingBlock again() const { return {table, shared, shuffle_xor(t, 0)}; }

  /// Between what different threads read and write. Two transforms of the same direction, one after
  /// the other, need one in between; one of each direction need none.
  HYENA_DEVICE void sync() const {
    if constexpr (Plan::kThreads <= 32) {
      warp_barrier();
    } else {
      barrier();
    }
  }

  /// Real numbers at the places of the first stage -> spectrum.
  HYENA_DEVICE void forward(const float (&u)[P], float2 (&x)[P]) const {
    HYENA_UNROLL
    for (int i = 0; i < P; i += Plan::kFirst) split_real<Plan::kFirst>(u + i, x + i);
    rest_forward(x);
  }
  /// The same of complex numbers.
  HYENA_DEVICE void forward(float2 (&x)[P]) const {
    HYENA_UNROLL
    for (int i = 0; i < P; i += Plan::kFirst) split<Plan::kFirst>(x + i, RootTwiddles());
    rest_forward(x);
  }

  /// Spectrum -> numbers at the places of the first stage, but for the factor of twist().
  HYENA_DEVICE void inverse(float2 (&x)[P]) const {
    constexpr int kLast = Plan::kStages == 3 ? Plan::kThird : Plan::kSecond;
    HYENA_UNROLL
    for (int i = 0; i < P; i += kLast) join<kLast>(x + i, FirstColumn());
    if constexpr (Plan::kStages == 3) {
      Exchange::template exchange<3, 2>(shared, t, x, [this] { sync(); });
      join_columns<2>(x, table + Table::kSecondColumns);
      Exchange::template exchange<2, 1>(shared, t, x, [this] { sync(); });
    } else {
      Exchange::template exchange<2, 1>(shared, t, x, [this] { sync(); });
    }
    join_columns<1>(x, table + Table::kFirstColumns);
  }

  /// Calls f(Index<i>, factor) for each register after inverse(): times the factor it is the number
  /// at its place.
  template <class F>
  HYENA_DEVICE void twist(F&& f) const {
    constexpr int R = Plan::kFirst;
    const float4* section = table + Table::kTwist;
    const int column = First::column(opaque(t));
    if constexpr (Plan::kBrief) {
      float2 w[First::kAdjacent][1];
      load_columns<1>(section, column, w);
      for_indices<P>([&](auto index) {
        constexpr int i = decltype(index)::value;
        f(index, twist_of<R, i % R>(w[i / R][0]));
      });
    } else if constexpr (First::kPairs) {
      for_indices<R>([&](auto index) {
        constexpr int r = decltype(index)::value;
        const float4 two = load(section + r * (First::kStride / 2) + column / 2);
        f(Index<r>(), make_float2(two.x, two.y));
        f(Index<R + r>(), make_float2(two.z, two.w));
      });
    } else {
      for_indices<R / 2>([&](auto index) {
        constexpr int r = decltype(index)::value;
        const float4 two = load(section + r * First::kStride + column);
        f(Index<2 * r>(), make_float2(two.x, two.y));
        f(Index<2 * r + 1>(), make_float2(two.z, two.w));
      });
    }
  }
  /// The real parts of the numbers.
  HYENA_DEVICE void real_parts(const float2 (&x)[P], float (&c)[P]) const {
    twist([&](auto index, float2 w) {
      c[decltype(index)::value] = real_of_product(x[decltype(index)::value], w);
    });
  }

 private:
  HYENA_DEVICE void rest_forward(float2 (&x)[P]) const {
    Exchange::template exchange<1, 2>(shared, t, x, [this] { sync(); });
    split_nodes<2>(x, table + Table::kSecondNodes);
    if constexpr (Plan::kStages == 3) {
      Exchange::template exchange<2, 3>(shared, t, x, [this] { sync(); });
      split_nodes<3>(x, table + Table::kThirdNodes);
    }
  }

  template <int S>
  HYENA_DEVICE void split_nodes(float2 (&x)[P], const float4* section) const {
    using Lines = RingLines<Plan, S>;
    constexpr int R = Lines::R, kTogether = R * Lines::kAdjacent;
    NodeTwiddles<R, Plan::kBrief> twiddles;
    const int node = Lines::node(opaque(t));
    HYENA_UNROLL
    for (int i = 0; i < P; i += kTogether) {
      load_entry(section, Lines::kNodes, node + i / kTogether * Lines::kNodeStep, twiddles.w);
      HYENA_UNROLL
      for (int j = i; j < i + kTogether; j += R) split<R>(x + j, twiddles);
    }
  }

  template <int S>
  HYENA_DEVICE void join_columns(float2 (&x)[P], const float4* section) const {
    using Lines = RingLines<Plan, S>;
    constexpr int R = Lines::R, A = Lines::kAdjacent;
    constexpr int V = twiddle_values(R, Plan::kBrief);
    float2 w[A][V];
    const int column = Lines::column(opaque(t));
    if constexpr (A == 2) {
      load_entries(section, Lines::kStride, column, w[0], w[1]);
    } else {
      load_entry(section, Lines::kStride, column, w[0]);
    }
    for_indices<P / R>([&](auto index) {
      constexpr int line = decltype(index)::value;
      ColumnTwiddles<R, Plan::kBrief> twiddles;
      HYENA_UNROLL
      for (int i = 0; i < V; ++i) twiddles.w[i] = w[line % A][i];
      join<R>(x + line * R, twiddles);
    });
  }

  template <int V>
  HYENA_DEVICE void load_columns(const float4* section, int column,
                                 float2 (&w)[First::kAdjacent][V]) const {
    if constexpr (First::kPairs) {
      load_entries(section, First::kStride, column, w[0], w[1]);
    } else {
      load_entry(section, First::kStride, column, w[0]);
    }
  }
};

}  // namespace hyena::kernels::cuda
