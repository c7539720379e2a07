#pragma once

#include <cstdint>

namespace hyena::backbone {

/// Numbers for the draws: SplitMix64 (Steele, Lea, Flood 2014). Draw number i of a seed is a
/// function of both, in integers: the same on every machine.
///   s += 0x9E3779B97F4A7C15; z = (s ^ s >> 30) · 0xBF58476D1CE4E5B9;
///   z = (z ^ z >> 27) · 0x94D049BB133111EB; z ^= z >> 31;  draw = (z >> 11) · 2^−53
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : state(seed) {}
  /// In [0, 1), 53 bits.
  double next() {
    std::uint64_t z = state += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    return static_cast<double>(z >> 11U) * 0x1p-53;
  }
  std::uint64_t state;  ///< all there is: to save, and to go on
};

}  // namespace hyena::backbone
