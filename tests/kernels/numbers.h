#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/tensors.h"

/// The 16-bit element types by their definitions, rounded to nearest, ties to even.
namespace hyena::kernels {

class Half {
 public:
  Half() = default;
  explicit Half(double x) {
    const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    if (std::isnan(x)) {
      bits_ = 0x7E00;
      return;
    }
    const double magnitude = std::abs(x);
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    exponent = std::clamp(exponent + 14, 0, 30);
    const double unit = std::ldexp(1.0, std::max(exponent, 1) - 25);
    const auto count = static_cast<long>(std::nearbyint(magnitude / unit));
    bits_ = static_cast<std::uint16_t>(sign + (exponent > 0 ? (exponent << 10) - 1024 : 0) + count);
  }
  operator double() const {
    const int exponent = bits_ >> 10 & 31, mantissa = bits_ & 1023;
    const double sign = bits_ >> 15 ? -1 : 1;
    if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
    return sign *
           (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
  }

 private:
  std::uint16_t bits_ = 0;
};

class BFloat16 {
 public:
  BFloat16() = default;
  explicit BFloat16(double x) {
    const auto narrow = static_cast<float>(x);
    std::uint32_t wide;
    std::memcpy(&wide, &narrow, 4);
    bits_ = std::isnan(x) ? 0x7FC0
                          : static_cast<std::uint16_t>((wide + 0x7FFF + (wide >> 16 & 1)) >> 16);
  }
  operator double() const {
    const std::uint32_t wide = std::uint32_t{bits_} << 16;
    float x;
    std::memcpy(&x, &wide, 4);
    return x;
  }

 private:
  std::uint16_t bits_ = 0;
};

template <class T>
constexpr Type type_of() {
  return std::is_same_v<T, double>     ? Type::kFloat64
         : std::is_same_v<T, float>    ? Type::kFloat32
         : std::is_same_v<T, BFloat16> ? Type::kBFloat16
                                       : Type::kFloat16;
}
/// Of filters and biases beside signals of type T.
template <class T>
using FilterType = std::conditional_t<std::is_same_v<T, double>, double, float>;

}  // namespace hyena::kernels
