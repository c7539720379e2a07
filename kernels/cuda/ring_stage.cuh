#pragma once

#include <utility>

#include "kernels/cuda/device.h"

/// The transform of long convolutions, in registers, one stage of radix R at a time.
///
/// N real or complex numbers are a polynomial modulo x^N − i, N a power of two; its transform are
/// its values at the roots of x^N = i. Products of values are products modulo x^N − i, where
/// x^(N + j) = i x^j and x^(j − N) = −i x^j: for real signals the real part of a product is the
/// convolution, what wraps lies in the imaginary part.
///
/// Forward. A node holds a polynomial modulo x^M − exp(iθ) in M neighbouring places; its halves
/// become a(x) ± exp(iθ/2) b(x), modulo x^(M/2) ∓ exp(iθ/2): θ/2 and θ/2 + π. The root has π/2.
/// A twiddle depends on the node alone. A stage of radix R at depth l (2^l nodes of M = N/2^l
/// places) takes the R numbers that lie M/R apart, at one column of 0 … M/R − 1 of one node, and
/// leaves them in the same places: x[r] belongs to child r, the first branch the highest bit of r.
///   split_real(u, x)        the root (depth 0), real numbers, constants
///   split(x, RootTwiddles)  the root, complex numbers, constants
///   split(x, NodeTwiddles)  any node; table: node_section(l, R, …), entry = node
/// In the end place p holds the value at x = exp(2πi (¼ + f) / N), f = p with its log2 N bits
/// reversed.
///
/// Inverse. The mirror image, as a plain transform of decimation in time with a factor at the end:
/// a stage takes child r's number at a column t of 0 … M/R − 1 and leaves that of place
/// t + r · M/R. A twiddle depends on the column alone.
///   join(x, FirstColumn)      the last stage of the forward transform (M = R), constants
///   join(x, ColumnTwiddles)   any other; table: column_section(M/R, R, …), entry = column
///   twist<R>(…)               in the end: times exp(−iπ t / 2N); table: twist_section(N/R, R, …)
/// Nothing is divided by N.
///
/// Every butterfly is 6 multiply-adds, twiddle included.
namespace hyena::kernels::cuda {

/// A number of the compiler's.
template <int I>
struct Index {
  static constexpr int value = I;
};
template <class F, int... I>
HYENA_DEVICE void for_indices(F&& f, std::integer_sequence<int, I...>) {
  (f(Index<I>()), ...);
}
/// f(Index<0>()), …, f(Index<N − 1>()).
template <int N, class F>
HYENA_DEVICE void for_indices(F&& f) {
  for_indices(f, std::make_integer_sequence<int, N>());
}

namespace detail {

HYENA_HOST_DEVICE constexpr int log2_of(int n) {
  int bits = 0;
  while (1 << bits < n) ++bits;
  return bits;
}
HYENA_HOST_DEVICE constexpr int reversed(int value, int bits) {
  int result = 0;
  for (int i = 0; i < bits; ++i) result |= (value >> i & 1) << (bits - 1 - i);
  return result;
}
/// Σ of the sine's or the cosine's power series, |x| ≤ 2π.
constexpr double series(double x, double term, int n) {
  double sum = 0;
  for (; n < 60; n += 2) {
    sum += term;
    term *= -x * x / (n * (n + 1));
  }
  return sum;
}

}  // namespace detail

/// exp(2πi K / M), a constant.
template <int K, int M>
struct Turn {
  static constexpr double kAngle = 6.283185307179586476925 * (K % M) / M;
  static constexpr float c = static_cast<float>(detail::series(kAngle, 1.0, 1));
  static constexpr float s = static_cast<float>(detail::series(kAngle, kAngle, 2));
};

template <int K, int M>
HYENA_DEVICE float2 turned(float2 w) {
  if constexpr (K % M == 0) {
    return w;
  } else {
    return make_float2(fma(w.x, Turn<K, M>::c, -w.y * Turn<K, M>::s),
                       fma(w.x, Turn<K, M>::s, w.y * Turn<K, M>::c));
  }
}

HYENA_DEVICE float2 times(float2 a, float2 b) {
  return make_float2(fma(a.x, b.x, -a.y * b.y), fma(a.x, b.y, a.y * b.x));
}
/// a · conj(b)
HYENA_DEVICE float2 times_conjugate(float2 a, float2 b) {
  return make_float2(fma(a.x, b.x, a.y * b.y), fma(a.y, b.x, -a.x * b.y));
}

/// The twiddle 1.
struct One {};

/// (a, b) = (a + w i^q b, a − w i^q b), q = 0, 1 or −1.
template <int Quarter>
HYENA_DEVICE void butterfly(float2& a, float2& b, float2 w) {
  float x, y;
  if constexpr (Quarter == 0) {
    x = fma(-w.y, b.y, fma(w.x, b.x, a.x));
    y = fma(w.y, b.x, fma(w.x, b.y, a.y));
  } else if constexpr (Quarter == 1) {
    x = fma(-w.y, b.x, fma(-w.x, b.y, a.x));
    y = fma(-w.y, b.y, fma(w.x, b.x, a.y));
  } else {
    x = fma(w.y, b.x, fma(w.x, b.y, a.x));
    y = fma(w.y, b.y, fma(-w.x, b.x, a.y));
  }
  b = make_float2(fma(2.0F, a.x, -x), fma(2.0F, a.y, -y));
  a = make_float2(x, y);
}
template <int Quarter>
HYENA_DEVICE void butterfly(float2& a, float2& b, One) {
  const float2 t = Quarter == 0   ? b
                   : Quarter == 1 ? make_float2(-b.y, b.x)
                                  : make_float2(b.y, -b.x);
  b = make_float2(a.x - t.x, a.y - t.y);
  a = make_float2(a.x + t.x, a.y + t.y);
}

/// Values in an entry of a table's section for a radix.
HYENA_HOST_DEVICE constexpr int twiddle_values(int radix, bool brief) {
  return brief ? detail::log2_of(radix) : radix / 2;
}

/// Entry `entry` of a section with `entries` of them, adjacent 1 (ring_table.h).
template <int V>
HYENA_DEVICE void load_entry(const float4* section, int entries, int entry, float2 (&w)[V]) {
  HYENA_UNROLL
  for (int i = 0; i < V; i += 2) {
    const float4 two = load(section + i / 2 * entries + entry);
    w[i] = make_float2(two.x, two.y);
    if (i + 1 < V) w[i + 1] = make_float2(two.z, two.w);
  }
}
/// Entries `entry` and `entry` + 1 of a section of adjacent 2; `entry` is even.
template <int V>
HYENA_DEVICE void load_entries(const float4* section, int entries, int entry, float2 (&w)[V],
                               float2 (&next)[V]) {
  HYENA_UNROLL
  for (int i = 0; i < V; ++i) {
    const float4 two = load(section + i * (entries / 2) + entry / 2);
    w[i] = make_float2(two.x, two.y);
    next[i] = make_float2(two.z, two.w);
  }
}

// ---- forward. at<S, B>(): the twiddle of node 2B of level S of a stage (S = 0: B = 0); that of
// node 2B + 1 is i times it.

struct RootTwiddles {
  template <int S, int B>
  HYENA_DEVICE float2 at() const {
    using Here = Turn<1 + 4 * detail::reversed(2 * B, S), (8 << S)>;
    return make_float2(Here::c, Here::s);
  }
};

template <int R, bool Brief>
struct NodeTwiddles {
  float2 w[twiddle_values(R, Brief)];
  template <int S, int B>
  HYENA_DEVICE float2 at() const {
    if constexpr (Brief) {
      return turned<detail::reversed(2 * B, S), (2 << S)>(w[S]);
    } else {
      return w[S == 0 ? 0 : (1 << S) / 2 + B];
    }
  }
};

template <int R, int Level = 0, int Node = 0, class Twiddles>
HYENA_DEVICE void split_at(float2* x, const Twiddles& twiddles) {
  if constexpr (R > 1) {
    const auto w = twiddles.template at<Level, Node / 2>();
    HYENA_UNROLL
    for (int n = 0; n < R / 2; ++n) butterfly<Node % 2>(x[n], x[n + R / 2], w);
    split_at<R / 2, Level + 1, 2 * Node>(x, twiddles);
    split_at<R / 2, Level + 1, 2 * Node + 1>(x + R / 2, twiddles);
  }
}
/// x: R numbers, as the head of this file says.
template <int R, class Twiddles>
HYENA_DEVICE void split(float2* x, const Twiddles& twiddles) {
  split_at<R>(x, twiddles);
}
/// The root's stage on real numbers.
template <int R>
HYENA_DEVICE void split_real(const float* u, float2* x) {
  constexpr float kCosine = Turn<1, 8>::c;
  HYENA_UNROLL
  for (int n = 0; n < R / 2; ++n) {
    const float t = kCosine * u[n + R / 2];
    x[n] = make_float2(u[n] + t, t);
    x[n + R / 2] = make_float2(u[n] - t, -t);
  }
  split_at<R / 2, 1, 0>(x, RootTwiddles());
  split_at<R / 2, 1, 1>(x + R / 2, RootTwiddles());
}

// ---- inverse. at<S, K>(): the twiddle of place K of the first half of a block of 2^S, K below
// 2^(S − 2) (S = 1: 0); those of the half's second half are −i times them.

struct FirstColumn {
  template <int S, int K>
  HYENA_DEVICE auto at() const {
    if constexpr (K == 0) {
      return One();
    } else {
      return make_float2(Turn<-K, (1 << S)>::c, Turn<-K, (1 << S)>::s);
    }
  }
};

template <int R, bool Brief>
struct ColumnTwiddles {
  float2 w[twiddle_values(R, Brief)];
  template <int S, int K>
  HYENA_DEVICE float2 at() const {
    if constexpr (Brief) {
      return turned<-K, (1 << S)>(w[S - 1]);
    } else {
      return w[S == 1 ? 0 : (1 << S) / 4 + K];
    }
  }
};

/// x: R numbers, as the head of this file says.
template <int R, class Twiddles>
HYENA_DEVICE void join(float2* x, const Twiddles& twiddles) {
  if constexpr (R > 1) {
    join<R / 2>(x, twiddles);
    join<R / 2>(x + R / 2, twiddles);
    constexpr int kFirst = R < 4 ? 1 : R / 4;
    for_indices<kFirst>([&](auto index) {
      constexpr int k = decltype(index)::value;
      const auto w = twiddles.template at<detail::log2_of(R), k>();
      butterfly<0>(x[k], x[k + R / 2], w);
      if constexpr (R >= 4) butterfly<-1>(x[k + kFirst], x[k + kFirst + R / 2], w);
    });
  }
}

/// The factor exp(−iπ t / 2N) of place t = column + r · N/R, from the column's (r = 0).
template <int R, int Place>
HYENA_DEVICE float2 twist_of(float2 of_column) {
  return turned<-Place, 4 * R>(of_column);
}
HYENA_DEVICE float real_of_product(float2 a, float2 b) {
  return fma(a.x, b.x, -a.y * b.y);
}

}  // namespace hyena::kernels::cuda
