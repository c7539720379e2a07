// Small DFTs on registers, one vector of channels for each real and imaginary part. Compiled once
// for each instruction set: see foreach_target in the file that includes this.

#if defined(HYENA_KERNELS_CPU_BUTTERFLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_BUTTERFLY_INL_H_
#undef HYENA_KERNELS_CPU_BUTTERFLY_INL_H_
#else
#define HYENA_KERNELS_CPU_BUTTERFLY_INL_H_
#endif

#include <cstddef>
#include <utility>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#define HYENA_INLINE_LAMBDA HWY_ATTR __attribute__((always_inline))

template <int I>
struct Index {
  static constexpr int value = I;
};

template <class F, int... I>
HWY_INLINE void EachOf(F&& f, std::integer_sequence<int, I...>) {
  (f(Index<I>()), ...);
}

/// f(Index<0>()), …, f(Index<N−1>()): unrolled where the compiler first looks, so that arrays of
/// vectors become registers.
template <int N, class F>
HWY_INLINE void Each(F&& f) {
  EachOf(static_cast<F&&>(f), std::make_integer_sequence<int, N>());
}

/// A vector of complex numbers.
template <class V>
struct Cx {
  V re, im;
};

/// cos and sin of a fraction of a turn, at compile time: Taylor series, to the last digit of double
/// for angles up to π.
constexpr double CosTurn(double fraction) {
  const double x = 2 * 3.14159265358979323846 * fraction;
  double term = 1, sum = 1;
  for (int k = 1; k < 24; ++k) sum += term *= -x * x / ((2 * k - 1) * (2 * k));
  return sum;
}
constexpr double SinTurn(double fraction) {
  const double x = 2 * 3.14159265358979323846 * fraction;
  double term = x, sum = x;
  for (int k = 1; k < 24; ++k) sum += term *= -x * x / ((2 * k) * (2 * k + 1));
  return sum;
}
/// k·j mod n, brought to (−n/2, n/2], as a fraction of n.
constexpr double Fraction(int kj, int n) {
  const int rest = kj % n;
  return static_cast<double>(rest * 2 > n ? rest - n : rest) / n;
}

template <class V>
HWY_INLINE Cx<V> Plus(Cx<V> a, Cx<V> b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
template <class V>
HWY_INLINE Cx<V> Minus(Cx<V> a, Cx<V> b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
/// a − i b, or a + i b for the inverse.
template <bool kInverse, class V>
HWY_INLINE Cx<V> PlusTurned(Cx<V> a, Cx<V> b) {
  if constexpr (kInverse) {
    return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)};
  } else {
    return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)};
  }
}

/// a · (c + i s), or a · (c − i s).
template <bool kConjugate, class V>
HWY_INLINE Cx<V> Times(Cx<V> a, V c, V s) {
  if constexpr (kConjugate) {
    return {hn::MulAdd(a.im, s, hn::Mul(a.re, c)), hn::NegMulAdd(a.re, s, hn::Mul(a.im, c))};
  } else {
    return {hn::NegMulAdd(a.im, s, hn::Mul(a.re, c)), hn::MulAdd(a.re, s, hn::Mul(a.im, c))};
  }
}
template <class V>
HWY_INLINE Cx<V> Times(Cx<V> a, Cx<V> b) {
  return Times<false>(a, b.re, b.im);
}
template <class V>
HWY_INLINE Cx<V> TimesConjugate(Cx<V> a, Cx<V> b) {
  return Times<true>(a, b.re, b.im);
}

/// a · exp(∓2πi K/N) with constants.
template <bool kInverse, int K, int N, class D, class V>
HWY_INLINE Cx<V> Rotated(D d, Cx<V> a) {
  using T = hn::TFromD<D>;
  if constexpr (K % N == 0) {
    return a;
  } else if constexpr (4 * K % N == 0 && 4 * K / N % 4 == 1) {
    return kInverse ? Cx<V>{hn::Neg(a.im), a.re} : Cx<V>{a.im, hn::Neg(a.re)};
  } else {
    constexpr T c = static_cast<T>(CosTurn(Fraction(K, N)));
    constexpr T s = static_cast<T>(-SinTurn(Fraction(K, N)));
    return Times<kInverse>(a, hn::Set(d, c), hn::Set(d, s));
  }
}

/// DFT of R points in place, natural order in and out; the inverse is not scaled.
template <int R, bool kInverse>
struct Dft;

template <bool kInverse>
struct Dft<2, kInverse> {
  template <class D, class V>
  static HWY_INLINE void Run(D /*d*/, Cx<V>& x0, Cx<V>& x1) {
    const Cx<V> a = x0;
    x0 = Plus(a, x1);
    x1 = Minus(a, x1);
  }
  template <class D, class V>
  static HWY_INLINE void Run(D d, Cx<V>* HWY_RESTRICT x) {
    Run(d, x[0], x[1]);
  }
};

template <bool kInverse>
struct Dft<4, kInverse> {
  template <class D, class V>
  static HWY_INLINE void Run(D /*d*/, Cx<V>& x0, Cx<V>& x1, Cx<V>& x2, Cx<V>& x3) {
    const Cx<V> a = Plus(x0, x2), b = Minus(x0, x2), c = Plus(x1, x3), e = Minus(x1, x3);
    x0 = Plus(a, c);
    x1 = PlusTurned<kInverse>(b, e);
    x2 = Minus(a, c);
    x3 = PlusTurned<!kInverse>(b, e);
  }
  template <class D, class V>
  static HWY_INLINE void Run(D d, Cx<V>* HWY_RESTRICT x) {
    Run(d, x[0], x[1], x[2], x[3]);
  }
};

template <bool kInverse>
struct Dft<8, kInverse> {
  template <class D, class V>
  static HWY_INLINE void Run(D d, Cx<V>* HWY_RESTRICT x) {
    using T = hn::TFromD<D>;
    const V root = hn::Set(d, static_cast<T>(0.70710678118654752440));
    Cx<V> e0 = x[0], e1 = x[2], e2 = x[4], e3 = x[6], o0 = x[1], o1 = x[3], o2 = x[5], o3 = x[7];
    Dft<4, kInverse>::Run(d, e0, e1, e2, e3);
    Dft<4, kInverse>::Run(d, o0, o1, o2, o3);
    x[0] = Plus(e0, o0);
    x[4] = Minus(e0, o0);
    x[2] = PlusTurned<kInverse>(e2, o2);
    x[6] = PlusTurned<!kInverse>(e2, o2);
    // √½ (1 ∓ i) o1 and √½ (−1 ∓ i) o3, the root inside the additions.
    const Cx<V> f1 = PlusTurned<kInverse>(o1, o1), f3 = PlusTurned<!kInverse>(o3, o3);
    x[1] = {hn::MulAdd(root, f1.re, e1.re), hn::MulAdd(root, f1.im, e1.im)};
    x[5] = {hn::NegMulAdd(root, f1.re, e1.re), hn::NegMulAdd(root, f1.im, e1.im)};
    x[3] = {hn::NegMulAdd(root, f3.re, e3.re), hn::NegMulAdd(root, f3.im, e3.im)};
    x[7] = {hn::MulAdd(root, f3.re, e3.re), hn::MulAdd(root, f3.im, e3.im)};
  }
};

template <bool kInverse>
struct Dft<16, kInverse> {
  template <class D, class V>
  static HWY_INLINE void Run(D d, Cx<V>* HWY_RESTRICT x) {
    Each<4>([&](auto n) HYENA_INLINE_LAMBDA {
      constexpr int N = decltype(n)::value;
      Dft<4, kInverse>::Run(d, x[N], x[N + 4], x[N + 8], x[N + 12]);
      x[N + 4] = Rotated<kInverse, N, 16>(d, x[N + 4]);
      x[N + 8] = Rotated<kInverse, 2 * N, 16>(d, x[N + 8]);
      x[N + 12] = Rotated<kInverse, 3 * N, 16>(d, x[N + 12]);
    });
    Each<4>([&](auto k) HYENA_INLINE_LAMBDA {
      constexpr int K = 4 * decltype(k)::value;
      Dft<4, kInverse>::Run(d, x[K], x[K + 1], x[K + 2], x[K + 3]);
    });
    // Digits are swapped now: X[k1 + 4 k2] stands at 4 k1 + k2.
    Each<4>([&](auto i) HYENA_INLINE_LAMBDA {
      constexpr int I = decltype(i)::value;
      Each<I>([&](auto j) HYENA_INLINE_LAMBDA {
        constexpr int J = decltype(j)::value;
        const Cx<V> swapped = x[4 * I + J];
        x[4 * I + J] = x[4 * J + I];
        x[4 * J + I] = swapped;
      });
    });
  }
};

/// Odd primes: sums and differences of the points k and P − k.
template <int P, bool kInverse>
struct OddDft {
  static constexpr int kHalf = (P - 1) / 2;
  template <class D, class V>
  static HWY_INLINE void Run(D d, Cx<V>* HWY_RESTRICT x) {
    using T = hn::TFromD<D>;
    Cx<V> sum[kHalf], difference[kHalf];
    Each<kHalf>([&](auto k) HYENA_INLINE_LAMBDA {
      constexpr int K = decltype(k)::value;
      sum[K] = Plus(x[K + 1], x[P - 1 - K]);
      difference[K] = Minus(x[K + 1], x[P - 1 - K]);
    });
    const Cx<V> first = x[0];
    Each<kHalf>([&](auto k) HYENA_INLINE_LAMBDA { x[0] = Plus(x[0], sum[decltype(k)::value]); });
    Each<kHalf>([&](auto j) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(j)::value + 1;
      Cx<V> even = first;
      const V s1 = hn::Set(d, static_cast<T>(SinTurn(Fraction(J, P))));
      Cx<V> odd = {hn::Mul(s1, difference[0].re), hn::Mul(s1, difference[0].im)};
      Each<kHalf>([&](auto k) HYENA_INLINE_LAMBDA {
        constexpr int K = decltype(k)::value;
        const V c = hn::Set(d, static_cast<T>(CosTurn(Fraction(J * (K + 1), P))));
        even.re = hn::MulAdd(c, sum[K].re, even.re);
        even.im = hn::MulAdd(c, sum[K].im, even.im);
        if constexpr (K > 0) {
          const V s = hn::Set(d, static_cast<T>(SinTurn(Fraction(J * (K + 1), P))));
          odd.re = hn::MulAdd(s, difference[K].re, odd.re);
          odd.im = hn::MulAdd(s, difference[K].im, odd.im);
        }
      });
      x[J] = PlusTurned<kInverse>(even, odd);
      x[P - J] = PlusTurned<!kInverse>(even, odd);
    });
  }
};
template <bool kInverse>
struct Dft<3, kInverse> : OddDft<3, kInverse> {};
template <bool kInverse>
struct Dft<5, kInverse> : OddDft<5, kInverse> {};
template <bool kInverse>
struct Dft<7, kInverse> : OddDft<7, kInverse> {};
template <bool kInverse>
struct Dft<11, kInverse> : OddDft<11, kInverse> {};

/// 2 P points, P odd, by the prime factor algorithm: no twiddles, two orders of indices.
template <int P, bool kInverse>
struct TwiceOddDft {
  template <class D, class V>
  static HWY_INLINE void Run(D d, Cx<V>* HWY_RESTRICT x) {
    constexpr int kN = 2 * P;
    Cx<V> even[P], odd[P];
    Each<P>([&](auto n) HYENA_INLINE_LAMBDA {
      constexpr int N = decltype(n)::value;
      even[N] = x[2 * N % kN];
      odd[N] = x[(P + 2 * N) % kN];
      Dft<2, kInverse>::Run(d, even[N], odd[N]);
    });
    Dft<P, kInverse>::Run(d, even);
    Dft<P, kInverse>::Run(d, odd);
    Each<P>([&](auto k) HYENA_INLINE_LAMBDA {
      constexpr int K = decltype(k)::value;
      x[(P + 1) * K % kN] = even[K];
      x[(P + (P + 1) * K) % kN] = odd[K];
    });
  }
};
template <bool kInverse>
struct Dft<10, kInverse> : TwiceOddDft<5, kInverse> {};
template <bool kInverse>
struct Dft<14, kInverse> : TwiceOddDft<7, kInverse> {};

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
