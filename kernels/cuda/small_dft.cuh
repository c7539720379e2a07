#pragma once

#include "kernels/cuda/device.h"

/// Discrete Fourier transforms of a few numbers that lie in registers, X[k] = Σ x[j] e^(−2πi jk/N):
/// N of 2, 3, 4, 5, 7 and products of two of those. All indices and constants are known to the
/// compiler.
namespace hyena::kernels::cuda {

namespace detail {
constexpr double kPi = 3.14159265358979323846;
/// Taylor series, |x| ≤ π/4: exact to double.
constexpr double series(double x, double term, int first) {
  double sum = 0;
  for (int n = first; n < first + 24; n += 2) {
    sum += term;
    term *= -x * x / ((n + 1) * (n + 2));
  }
  return sum;
}
/// cos 2πk/n for 0 ≤ k: folded to the first eighth.
constexpr double cosine(int k, int n) {
  k %= n;
  if (2 * k > n) k = n - k;
  if (4 * k > n) return -cosine(n - 2 * k, 2 * n);
  if (8 * k > n) {
    const double x = 2 * kPi * (n - 4 * k) / (4.0 * n);
    return series(x, x, 1);
  }
  const double x = 2 * kPi * k / n;
  return series(x, 1, 0);
}
}  // namespace detail

/// e^(−2πi K/N).
template <int K, int N>
struct Root {
  static constexpr int k = (K % N + N) % N;
  static constexpr float re = static_cast<float>(detail::cosine(k, N));
  static constexpr float im = static_cast<float>(-detail::cosine(4 * k + 3 * N, 4 * N));
};

/// A number known to the compiler, for loops over registers.
template <int I>
struct Index {
  static constexpr int value = I;
};
/// f(Index<0>()), …, f(Index<N − 1>()).
template <int N, int I = 0, class F>
HYENA_DEVICE void for_each(F&& f) {
  if constexpr (I < N) {
    f(Index<I>());
    for_each<N, I + 1>(f);
  }
}

HYENA_DEVICE float2 add(float2 a, float2 b) {
  return make_float2(a.x + b.x, a.y + b.y);
}
HYENA_DEVICE float2 subtract(float2 a, float2 b) {
  return make_float2(a.x - b.x, a.y - b.y);
}
HYENA_DEVICE float2 multiply(float2 a, float2 b) {
  return make_float2(fma(a.x, b.x, -a.y * b.y), fma(a.x, b.y, a.y * b.x));
}
/// a · conj(b).
HYENA_DEVICE float2 multiply_conjugate(float2 a, float2 b) {
  return make_float2(fma(a.x, b.x, a.y * b.y), fma(a.y, b.x, -a.x * b.y));
}
/// A transform between two of these is the inverse one.
HYENA_DEVICE float2 swapped(float2 a) {
  return make_float2(a.y, a.x);
}

/// a · e^(−2πi K/N).
template <int K, int N>
HYENA_DEVICE float2 turned(float2 a) {
  using W = Root<K, N>;
  if constexpr (W::k == 0) {
    return a;
  } else if constexpr (4 * W::k == N) {
    return make_float2(a.y, -a.x);
  } else if constexpr (2 * W::k == N) {
    return make_float2(-a.x, -a.y);
  } else if constexpr (4 * W::k == 3 * N) {
    return make_float2(-a.y, a.x);
  } else {
    return make_float2(fma(a.x, W::re, -(a.y * W::im)), fma(a.x, W::im, a.y * W::re));
  }
}

namespace detail {
constexpr int first_factor(int n) {
  for (const int p : {4, 2, 3, 5, 7}) {
    if (n % p == 0) return p;
  }
  return n;
}
}  // namespace detail

template <int N>
struct Dft {
  static constexpr int P = detail::first_factor(N), Q = N / P;

  static HYENA_DEVICE void run(float2 (&x)[N]) {
    if constexpr (Q == 1 && N % 2 == 1) {
      odd(x);
    } else if constexpr (N == 2) {
      const float2 a = x[0];
      x[0] = add(a, x[1]);
      x[1] = subtract(a, x[1]);
    } else if constexpr (N == 4) {
      const float2 a = add(x[0], x[2]), b = subtract(x[0], x[2]);
      const float2 c = add(x[1], x[3]), d = subtract(x[1], x[3]);
      x[0] = add(a, c);
      x[1] = make_float2(b.x + d.y, b.y - d.x);
      x[2] = subtract(a, c);
      x[3] = make_float2(b.x - d.y, b.y + d.x);
    } else {
      product(x);
    }
  }

 private:
  /// x[j] + x[N − j] meets cosines only, x[j] − x[N − j] sines only.
  static HYENA_DEVICE void odd(float2 (&x)[N]) {
    constexpr int h = N / 2;
    float2 sums[h + 1], differences[h + 1];
    float2 total = x[0];
    for_each<h>([&](auto i) {
      constexpr int j = decltype(i)::value + 1;
      sums[j] = add(x[j], x[N - j]);
      differences[j] = subtract(x[j], x[N - j]);
      total = add(total, sums[j]);
    });
    for_each<h>([&](auto i) {
      constexpr int k = decltype(i)::value + 1;
      const float2 a = cosines<k>(x[0], sums), b = sines<k>(differences);
      x[k] = make_float2(a.x - b.y, a.y + b.x);
      x[N - k] = make_float2(a.x + b.y, a.y - b.x);
    });
    x[0] = total;
  }

  /// first + Σ x[j] cos(2πjk/N).
  template <int K, int J = 1>
  static HYENA_DEVICE float2 cosines(float2 first, const float2 (&x)[N / 2 + 1]) {
    using W = Root<J * K, N>;
    const float2 sum = make_float2(fma(x[J].x, W::re, first.x), fma(x[J].y, W::re, first.y));
    if constexpr (J < N / 2) {
      return cosines<K, J + 1>(sum, x);
    } else {
      return sum;
    }
  }
  /// −Σ x[j] sin(2πjk/N).
  template <int K, int J = 1>
  static HYENA_DEVICE float2 sines(const float2 (&x)[N / 2 + 1]) {
    using W = Root<J * K, N>;
    if constexpr (J < N / 2) {
      const float2 rest = sines<K, J + 1>(x);
      return make_float2(fma(x[J].x, W::im, rest.x), fma(x[J].y, W::im, rest.y));
    } else {
      return make_float2(x[J].x * W::im, x[J].y * W::im);
    }
  }

  /// N = P · Q: Q transforms of P, turned, P transforms of Q.
  static HYENA_DEVICE void product(float2 (&x)[N]) {
    float2 y[P][Q];
    for_each<Q>([&](auto m) {
      constexpr int j = decltype(m)::value;
      float2 part[P];
      for_each<P>([&](auto i) { part[decltype(i)::value] = x[Q * decltype(i)::value + j]; });
      Dft<P>::run(part);
      for_each<P>([&](auto i) {
        constexpr int k = decltype(i)::value;
        y[k][j] = turned<j * k, N>(part[k]);
      });
    });
    for_each<P>([&](auto i) {
      constexpr int k = decltype(i)::value;
      Dft<Q>::run(y[k]);
      for_each<Q>([&](auto m) { x[k + P * decltype(m)::value] = y[k][decltype(m)::value]; });
    });
  }
};

}  // namespace hyena::kernels::cuda
