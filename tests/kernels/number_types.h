#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/tensors.h"

/// Numbers in the storage types of signals, by their definitions.
namespace hyena::kernels {

std::size_t bytes_of(Type type);
std::string type_name(Type type);
/// Element `index` of an array of `type`.
double read_element(Type type, const void* array, std::int64_t index);
void write_element(Type type, void* array, std::int64_t index, double x);
/// x as that type holds it.
double rounded(Type type, double x);

/// A 16-bit number, rounded to nearest, ties to even.
template <Type kType>
class Number16 {
 public:
  Number16() = default;
  explicit Number16(double x) { write_element(kType, &bits_, 0, x); }
  operator double() const { return read_element(kType, &bits_, 0); }

 private:
  std::uint16_t bits_ = 0;
};
using Half = Number16<Type::kFloat16>;
using BFloat16 = Number16<Type::kBFloat16>;

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
