#pragma once

#include <cstdint>

/// Random numbers that are the same on every machine, for every number of workers and in any order
/// of work: each use is keyed by what it is for, never by how far a shared generator has advanced.
namespace hyena::datasets {

/// The random decisions of an augmentation. Augmentations take this interface, so that the draws of
/// a reference run can be fed to them.
class Draws {
 public:
  virtual ~Draws() = default;
  /// Uniform in [0, 1).
  virtual double uniform() = 0;
  /// Uniform in [low, high).
  virtual double uniform(double low, double high) = 0;
  /// A whole number in [low, high], both ends included. Requires low <= high.
  virtual std::int64_t integer(std::int64_t low, std::int64_t high) = 0;
  /// Beta(a, b), a and b > 0.
  virtual double beta(double a, double b) = 0;
};

/// What a stream of numbers is for: equal (seed, epoch, index) in two streams are unrelated.
enum class Stream : std::uint64_t {
  kOrder = 1,
  kSample = 2,
  kErasing = 3,
  kNoise = 4,
  kMixing = 5
};

/// The output function of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits.
std::uint64_t mix_bits(std::uint64_t bits);

/// The step of SplitMix64's counter, 2^64 divided by the golden ratio.
inline constexpr std::uint64_t kGoldenStep = 0x9e3779b97f4a7c15;

/// The key of a stream: number i (from 1) of Random(key) is mix_bits(key + i · kGoldenStep).
std::uint64_t stream_key(std::uint64_t seed, Stream stream, std::uint64_t epoch,
                         std::uint64_t index);

/// SplitMix64 with our own distributions (those of the standard library differ between libraries).
/// Integers and uniforms are bit-exact everywhere; normal() and beta() are as exact as log, cos and
/// pow of the C library.
class Random final : public Draws {
 public:
  explicit Random(std::uint64_t key) : counter_(key) {}
  Random(std::uint64_t seed, Stream stream, std::uint64_t epoch, std::uint64_t index)
      : Random(stream_key(seed, stream, epoch, index)) {}

  std::uint64_t bits() { return mix_bits(counter_ += kGoldenStep); }
  /// The top 53 bits of one number, times 2^-53.
  double uniform() override;
  double uniform(double low, double high) override { return low + (high - low) * uniform(); }
  std::int64_t integer(std::int64_t low, std::int64_t high) override;
  double beta(double a, double b) override;
  /// N(0, 1) by Box and Muller from two numbers: sqrt(-2 ln u) cos(2 pi v), u in (0, 1].
  double normal();

 private:
  double gamma(double shape);

  std::uint64_t counter_;
};

}  // namespace hyena::datasets
