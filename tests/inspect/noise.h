#pragma once

#include <cstdint>

namespace hyena::tests {

/// The same numbers on every machine; −1 … 1. Multiples of 2⁻²³, as exact as float32.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed) {}
  float operator()() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<float>(static_cast<std::int64_t>(state_ >> 40) - (1 << 23)) / (1 << 23);
  }

 private:
  std::uint64_t state_;
};

}  // namespace hyena::tests
