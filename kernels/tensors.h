#pragma once

#include <cstdint>
#include <stdexcept>

/// How the kernels see memory that belongs to somebody else. No ownership, no dependencies.
namespace hyena::kernels {

/// An argument that a kernel cannot take. what() names function, argument, what was wanted and what
/// came.
class ArgumentError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Element types of signals. Filters and biases are float64 for kFloat64, else float32; so is the
/// arithmetic.
enum class Type { kFloat32, kFloat64, kBFloat16, kFloat16 };

/// A (B, L, D) tensor: element (b, t, d) lies `b · batch + t · row + d` elements behind `data`.
/// Channels are neighbours; batch and row may be any stride, so a slice of a wider tensor will do.
/// Null data: absent.
template <class Pointer>
struct RowsOf {
  Pointer data = nullptr;
  std::int64_t batch = 0;
  std::int64_t row = 0;
  explicit operator bool() const { return data != nullptr; }
};
using Rows = RowsOf<void*>;
using ConstRows = RowsOf<const void*>;

/// Taps of a filter: tap a of row g lies `g · channel + a · tap` elements behind `data`.
template <class Pointer>
struct TapsOf {
  Pointer data = nullptr;
  std::int64_t rows = 0;    ///< G, dividing D: channel d uses row d mod G
  std::int64_t count = 0;   ///< K
  std::int64_t centre = 0;  ///< the tap of lag 0: 0 causal, K/2 centred
  std::int64_t channel = 0;
  std::int64_t tap = 1;
  explicit operator bool() const { return data != nullptr; }
};
using Taps = TapsOf<void*>;
using ConstTaps = TapsOf<const void*>;

}  // namespace hyena::kernels
