#include "datasets/random.h"

#include <cmath>
#include <numbers>

namespace hyena::datasets {

std::uint64_t mix_bits(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

std::uint64_t stream_key(std::uint64_t seed, Stream stream, std::uint64_t epoch,
                         std::uint64_t index) {
  // Mixed after each part: sums of small numbers would make (epoch 1, index 0) equal (0, 1).
  std::uint64_t key = mix_bits(seed + kGoldenStep);
  key = mix_bits(key + static_cast<std::uint64_t>(stream) * kGoldenStep);
  key = mix_bits(key + (epoch + 1) * kGoldenStep);
  return mix_bits(key + (index + 1) * kGoldenStep);
}

double Random::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (range == UINT64_MAX) return static_cast<std::int64_t>(bits());
  const std::uint64_t count = range + 1;
  // Numbers below 2^64 mod count are refused: what remains is a whole multiple of count.
  const std::uint64_t refused = (0 - count) % count;
  std::uint64_t drawn = bits();
  while (drawn < refused) drawn = bits();
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn % count);
}

double Random::normal() {
  const double u = static_cast<double>((bits() >> 11) + 1) * 0x1p-53;  // never 0: log stays finite
  const double v = uniform();
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

double Random::gamma(double shape) {
  // Marsaglia and Tsang 2000; below 1, Gamma(a) = Gamma(a + 1) · U^(1/a).
  if (shape < 1) {
    const double boost = std::pow(1 - uniform(), 1 / shape);
    return gamma(shape + 1) * boost;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double Random::beta(double a, double b) {
  const double x = gamma(a), y = gamma(b);
  // Both underflow for tiny a and b, where the distribution sits on its two ends.
  if (x + y <= 0) return uniform() < a / (a + b) ? 1 : 0;
  return x / (x + y);
}

}  // namespace hyena::datasets
