// Sine and cosine of vectors. Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_SINE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_SINE_INL_H_
#undef HYENA_KERNELS_CPU_SINE_INL_H_
#else
#define HYENA_KERNELS_CPU_SINE_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// π in pieces so short that multiples of all but the last are exact up to kLargest, with or
/// without fused arithmetic, and so is what kHigh leaves of a phase; best polynomials
/// for sin(r) = r + r³ · S(r²), to 7e-9 (2e-18), and cos(r) = 1 + r² · C(r²), to 3e-10 (3e-17), on
/// |r| ≤ π/2. What is added to kRound, 1.5 · 2^(bits of the mantissa), is rounded to an integer,
/// whose last bit the sum then ends with.
template <class T>
struct SineTable;
template <>
struct SineTable<float> {
  static constexpr float kLargest = 1e4F, kRound = 12582912.0F;
  static constexpr float kHigh[] = {3.140625F, 0.0009675025939941406F};
  static constexpr float kMiddle = 1.5099067240953445e-07F, kLow = 5.126688136514179e-12F;
  static constexpr float kSine[] = {2.6054816570332611724e-6F, -0.00019809474992506191317F,
                                    0.0083330646124243613515F, -0.16666659491843179281F};
  static constexpr float kCosine[] = {-2.6074221048822698005e-7F, 0.000024761730061335136882F,
                                      -0.0013888400629049875216F, 0.04166664052219646077F,
                                      -0.49999999545076803448F};
};
template <>
struct SineTable<double> {
  static constexpr double kLargest = 1e6, kRound = 6755399441055744.0;
  static constexpr double kHigh[] = {3.1415926534682512};
  static constexpr double kMiddle = 1.2154201012607932e-10, kLow = 4.044532497591901e-21;
  static constexpr double kSine[] = {2.7312814199204738831e-15, -7.6439721860254200758e-13,
                                     1.6058977920518863067e-10, -2.5052107635749781424e-8,
                                     2.7557319219380777224e-6,  -0.00019841269841255891236,
                                     0.0083333333333333163126,  -0.16666666666666666615};
  static constexpr double kCosine[] = {4.6276473739393142464e-14,  -1.1464717511541922309e-11,
                                       2.0876632821695883889e-9,   -2.7557317815970019142e-7,
                                       0.000024801587292966798068, -0.0013888888888862868405,
                                       0.041666666666666350301,    -0.49999999999999999037};
};

/// x = n · π + r + rest with |r| ≤ π/2 and a small rest, and (−1)^n as a sign bit.
template <class T>
struct HalfTurn {
  Vector<T> r, rest, sign;
  HWY_INLINE explicit HalfTurn(Vector<T> x) {
    using Table = SineTable<T>;
    const Tag<T> d;
    const hn::RebindToUnsigned<Tag<T>> du;
    const auto magic = hn::Set(d, Table::kRound);
    const auto rounded = hn::MulAdd(x, hn::Set(d, static_cast<T>(0.318309886183790671538)), magic);
    const auto n = hn::Sub(rounded, magic);
    sign = hn::BitCast(d, hn::ShiftLeft<8 * sizeof(T) - 1>(hn::BitCast(du, rounded)));
    auto high = x;
    Each<std::extent_v<decltype(Table::kHigh)>>([&](auto i) HYENA_INLINE_LAMBDA {
      high = hn::NegMulAdd(n, hn::Set(d, Table::kHigh[decltype(i)::value]), high);
    });
    const auto middle = hn::Set(d, Table::kMiddle);
    r = hn::NegMulAdd(n, middle, high);
    rest = hn::NegMulAdd(n, middle, hn::Sub(high, r));
    rest = hn::NegMulAdd(n, hn::Set(d, Table::kLow), rest);
  }
};

template <class T, std::size_t N>
HWY_INLINE Vector<T> Horner(const T (&coefficients)[N], Vector<T> x) {
  const Tag<T> d;
  auto sum = hn::Set(d, coefficients[0]);
  Each<static_cast<int>(N) - 1>([&](auto i) HYENA_INLINE_LAMBDA {
    sum = hn::MulAdd(sum, x, hn::Set(d, coefficients[decltype(i)::value + 1]));
  });
  return sum;
}

/// Lane by lane, for what the reduction cannot take: large phases, NaN.
template <class T>
HWY_NOINLINE void SineOfAny(const T* HWY_RESTRICT x, T* HWY_RESTRICT sine, T* HWY_RESTRICT cosine) {
  for (std::int64_t i = 0; i < Lanes<T>(); ++i) {
    sine[i] = std::sin(x[i]);
    if (cosine != nullptr) cosine[i] = std::cos(x[i]);
  }
}

/// sin(x), and cos(x) to an ulp of 1 where kCosine.
template <bool kCosine, class T>
HWY_INLINE void Sine(Vector<T> x, Vector<T>& sine, Vector<T>& cosine) {
  using Table = SineTable<T>;
  const Tag<T> d;
  if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, Table::kLargest))))) {
    HWY_ALIGN T lanes[3][HWY_MAX_BYTES / sizeof(T)];
    hn::Store(x, d, lanes[0]);
    SineOfAny<T>(lanes[0], lanes[1], kCosine ? lanes[2] : nullptr);
    sine = hn::Load(d, lanes[1]);
    if constexpr (kCosine) cosine = hn::Load(d, lanes[2]);
    return;
  }
  const HalfTurn<T> turn(x);
  const auto r = hn::Add(turn.r, turn.rest);
  const auto square = hn::Mul(r, r);
  const auto cube = hn::Mul(square, r);
  const auto small = hn::MulAdd(Horner<T>(Table::kSine, square), cube, turn.rest);
  sine = hn::Xor(hn::Add(turn.r, small), turn.sign);
  if constexpr (kCosine) {
    const auto one = hn::Set(d, T{1});
    cosine = hn::Xor(hn::MulAdd(Horner<T>(Table::kCosine, square), square, one), turn.sign);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
