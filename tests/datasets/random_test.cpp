#include "datasets/random.h"

#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace hyena::datasets {
namespace {

TEST(Random, IsSplitMix64) {
  // The published outputs of the reference implementation for the seed 1234567.
  Random random(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
        16408922859458223821u}) {
    EXPECT_EQ(random.bits(), expected);
  }
}

TEST(Random, StreamsStayTheSameForEver) {
  // A saved run goes on with the same augmentation only while these numbers hold.
  EXPECT_EQ(Random(1, Stream::kSample, 2, 3).bits(), 5958697959941899925u);
  EXPECT_EQ(Random(1, Stream::kOrder, 2, 3).bits(), 14487846340274131158u);
}

TEST(Random, StreamsOfNeighboursAreUnrelated) {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (const Stream stream : {Stream::kOrder, Stream::kSample, Stream::kErasing}) {
      for (std::uint64_t epoch = 0; epoch < 10; ++epoch) {
        for (std::uint64_t index = 0; index < 10; ++index) {
          keys.insert(Random(seed, stream, epoch, index).bits());
        }
      }
    }
  }
  EXPECT_EQ(keys.size(), 3000u);
}

TEST(Random, IntegersCoverTheirRangeEvenly) {
  Random random(7);
  std::vector<int> counts(6);
  for (int i = 0; i < 60000; ++i) ++counts[static_cast<std::size_t>(random.integer(-2, 3) + 2)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 4 * std::sqrt(60000 * 5 / 36.0));
  EXPECT_EQ(random.integer(5, 5), 5);
  EXPECT_NO_THROW(random.integer(INT64_MIN, INT64_MAX));
}

/// Mean and variance of n draws.
template <class F>
std::pair<double, double> moments(int n, F&& draw) {
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  return {sum / n, squares / n - sum / n * (sum / n)};
}

TEST(Random, DistributionsHaveTheirMoments) {
  constexpr int kCount = 100000;
  const double error = 5 / std::sqrt(double{kCount});  // 5 sigma of a unit variance
  Random random(11);
  const auto [u_mean, u_variance] = moments(kCount, [&] { return random.uniform(-1, 3); });
  EXPECT_NEAR(u_mean, 1, error * 2);
  EXPECT_NEAR(u_variance, 16.0 / 12, error * 2);
  const auto [n_mean, n_variance] = moments(kCount, [&] { return random.normal(); });
  EXPECT_NEAR(n_mean, 0, error);
  EXPECT_NEAR(n_variance, 1, error * 1.5);
  for (const double a : {0.1, 0.8, 1.0, 4.0}) {  // Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1))
    const auto [mean, variance] = moments(kCount, [&] { return random.beta(a, a); });
    EXPECT_NEAR(mean, 0.5, error / 2) << a;
    EXPECT_NEAR(variance, 1 / (4 * (2 * a + 1)), error / 4) << a;
  }
  const auto [mean, variance] = moments(kCount, [&] { return random.beta(2, 6); });
  EXPECT_NEAR(mean, 0.25, error / 4);
  EXPECT_NEAR(variance, 12.0 / (64 * 9), error / 16);
}

TEST(Random, UniformStaysBelowOne) {
  Random random(3);
  for (int i = 0; i < 100000; ++i) {
    const double x = random.uniform();
    ASSERT_TRUE(x >= 0 && x < 1) << x;
  }
}

}  // namespace
}  // namespace hyena::datasets
