#include "tests/kernels/number_types.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace hyena::kernels {
namespace {

double from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}
std::uint16_t to_half(double x) {
  if (std::isnan(x)) return 0x7E00;
  // The nearest of the few candidates around a first guess.
  const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  const double magnitude = std::abs(x);
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  exponent = std::clamp(exponent + 14, 0, 30);
  const double unit = std::ldexp(1.0, std::max(exponent, 1) - 25);
  const auto count = static_cast<long>(std::nearbyint(magnitude / unit));
  return static_cast<std::uint16_t>(sign + (exponent > 0 ? (exponent << 10) - 1024 : 0) + count);
}
double from_bfloat(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float x;
  std::memcpy(&x, &wide, 4);
  return x;
}
std::uint16_t to_bfloat(double x) {
  if (std::isnan(x)) return 0x7FC0;
  const auto narrow = static_cast<float>(x);
  std::uint32_t wide;
  std::memcpy(&wide, &narrow, 4);
  return static_cast<std::uint16_t>((wide + 0x7FFF + (wide >> 16 & 1)) >> 16);
}

template <class T>
T read(const void* array, std::int64_t index) {
  T x;
  std::memcpy(&x, static_cast<const T*>(array) + index, sizeof x);
  return x;
}
template <class T>
void write(void* array, std::int64_t index, T x) {
  std::memcpy(static_cast<T*>(array) + index, &x, sizeof x);
}

}  // namespace

std::size_t bytes_of(Type type) {
  return type == Type::kFloat64 ? 8 : type == Type::kFloat32 ? 4 : 2;
}

std::string type_name(Type type) {
  switch (type) {
    case Type::kFloat64:
      return "float64";
    case Type::kFloat32:
      return "float32";
    case Type::kBFloat16:
      return "bfloat16";
    default:
      return "float16";
  }
}

double read_element(Type type, const void* array, std::int64_t index) {
  switch (type) {
    case Type::kFloat64:
      return read<double>(array, index);
    case Type::kFloat32:
      return read<float>(array, index);
    case Type::kBFloat16:
      return from_bfloat(read<std::uint16_t>(array, index));
    default:
      return from_half(read<std::uint16_t>(array, index));
  }
}

void write_element(Type type, void* array, std::int64_t index, double x) {
  switch (type) {
    case Type::kFloat64:
      return write(array, index, x);
    case Type::kFloat32:
      return write(array, index, static_cast<float>(x));
    case Type::kBFloat16:
      return write(array, index, to_bfloat(x));
    default:
      return write(array, index, to_half(x));
  }
}

double rounded(Type type, double x) {
  double slot = 0;
  write_element(type, &slot, 0, x);
  return read_element(type, &slot, 0);
}

}  // namespace hyena::kernels
