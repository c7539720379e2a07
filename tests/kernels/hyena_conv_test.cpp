#include "kernels/hyena_conv.h"

#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/hyena_conv_case.h"

namespace hyena::kernels {
namespace {

template <class T>
void expect_exact(const HyenaConvShape& c, double limit, double filter_limit) {
  const HyenaConvCase<T> one(c);
  one.expect_exact(one.run(), limit, filter_limit);
}

// Direct sums, transforms, padded lengths; channels that fill no vector, one, four at once.
TEST(HyenaConv, LinesEqualDirectSumsInFloat64) {
  for (const std::int64_t length : {1, 2, 7, 31, 64, 127, 196, 257, 1000}) {
    for (const std::int64_t channels : {3, 16, 33, 96}) {
      if (length * channels > 40000) continue;
      expect_exact<float>(line(3, length, channels), 2e-6, 1e-5);
      expect_exact<float>(line(2, length, channels, true), 2e-6, 1e-5);
    }
  }
}

TEST(HyenaConv, GridsEqualDirectSumsInFloat64) {
  for (const std::int64_t channels : {3, 16, 96}) {
    expect_exact<float>(grid(2, 1, 1, channels, 3), 2e-6, 1e-5);
    expect_exact<float>(grid(2, 7, 7, channels, 3), 2e-6, 1e-5);
    expect_exact<float>(grid(2, 14, 10, channels, 3), 2e-6, 1e-5);
    expect_exact<float>(grid(2, 9, 13, channels, 5), 2e-6, 1e-5);  // padded rows
  }
  expect_exact<float>(grid(1, 28, 28, 17, 3), 2e-6, 1e-5);
  expect_exact<float>(grid(2, 3, 70, 16, 7), 2e-6, 1e-5);
  expect_exact<float>(grid(1, 3, 200, 3, 3), 2e-6, 1e-5);  // blocks both ways
  HyenaConvShape shared = line(2, 100, 6);
  shared.rows = 2;
  expect_exact<float>(shared, 2e-6, 1e-5);
}

TEST(HyenaConv, EveryNumberOfShortTaps) {
  for (std::int64_t taps = 1; taps <= 16; ++taps) {
    HyenaConvShape c = line(2, 70, 20);
    c.short_taps = taps;
    for (const std::int64_t centre : {std::int64_t{0}, taps / 2, taps - 1}) {
      c.short_centre = centre;
      expect_exact<float>(c, 2e-6, 1e-5);
    }
    c.width = c.taps = 2;  // fewer positions than taps
    c.bias = false;
    c.gate = 1;
    expect_exact<float>(c, 2e-6, 1e-5);
  }
}

TEST(HyenaConv, OtherTypes) {
  const auto of = [](HyenaConvShape c, Type type) {
    c.type = type;
    return c;
  };
  expect_exact<double>(of(line(2, 200, 19), Type::kFloat64), 1e-13, 1e-13);
  expect_exact<double>(of(line(2, 20, 19, true), Type::kFloat64), 1e-13, 1e-13);
  expect_exact<double>(of(grid(2, 8, 9, 19, 3), Type::kFloat64), 1e-13, 1e-13);
  expect_exact<BFloat16>(of(line(2, 200, 35), Type::kBFloat16), 4e-3, 4e-3);
  expect_exact<Half>(of(line(2, 200, 35), Type::kFloat16), 1e-3, 1e-3);
  expect_exact<BFloat16>(of(grid(2, 14, 14, 35, 3), Type::kBFloat16), 4e-3, 4e-3);
}

/// Two threads, the second half first.
class TwoThreads final : public Executor {
 public:
  std::int64_t threads() const override { return 2; }
  void run(std::int64_t count,
           const std::function<void(std::int64_t, std::int64_t)>& work) const override {
    std::thread other([&] { work(count / 2, count); });
    work(0, count / 2);
    other.join();
  }
};

class HyenaConvThreads : public testing::TestWithParam<HyenaConvShape> {};

// Pieces spread over threads, and long lines whose passes a team shares.
TEST_P(HyenaConvThreads, TheSameBitsOnTwo) {
  const HyenaConvCase<float> c(GetParam());
  const auto one = c.run(), two = c.run(TwoThreads());
  // Gaps hold NaN: compared as bits.
  EXPECT_EQ(std::memcmp(one.y.data(), two.y.data(), one.y.size() * sizeof(float)), 0);
  EXPECT_EQ(std::memcmp(one.dx.data(), two.dx.data(), one.dx.size() * sizeof(float)), 0);
  EXPECT_EQ(one.dh, two.dh);
  EXPECT_EQ(one.dbias, two.dbias);
  EXPECT_EQ(one.dweight, two.dweight);
  EXPECT_EQ(one.dshort_bias, two.dshort_bias);
}

INSTANTIATE_TEST_SUITE_P(Sizes, HyenaConvThreads,
                         testing::Values(line(5, 130, 80), line(1, 65536, 16), line(1, 40000, 5),
                                         grid(3, 14, 14, 48, 5)));

// One tensor after the other left out, and nothing to do at all.
TEST(HyenaConv, GradientsMayBeAbsentAndBatchesEmpty) {
  constexpr std::int64_t kLength = 40, kChannels = 5;
  std::mt19937_64 draw(4);
  std::normal_distribution<float> normal;
  const auto random = [&](std::int64_t count) {
    std::vector<float> out(static_cast<std::size_t>(count));
    for (float& x : out) x = normal(draw);
    return out;
  };
  const auto x = random(kLength * 3 * kChannels), dy = random(kLength * kChannels),
             weight = random(9 * kChannels), taps = random(kLength);
  const FilterSpectrum spectrum({taps.data(), 1, kLength, 0, kLength, 1}, nullptr, kLength,
                                kChannels, Type::kFloat32);
  const ShortFilters filters{.weight = weight.data(), .width = 3, .centre_column = 2};
  const auto run = [&](std::int64_t batch, std::vector<float>* dh, std::vector<float>* dweight) {
    std::vector<float> dx(x.size(), NAN);
    hyena_conv_backward({batch}, spectrum, filters, {x.data(), 0, 3 * kChannels},
                        {dy.data(), 0, kChannels},
                        dh == nullptr ? Taps{} : Taps{dh->data(), 1, kLength, 0, kLength, 1},
                        {.dx = {dx.data(), 0, 3 * kChannels},
                         .dweight = dweight == nullptr ? nullptr : dweight->data()});
    return dx;
  };
  std::vector<float> dh(taps.size(), NAN), dweight(weight.size(), NAN), alone(weight.size(), NAN);
  const auto dx = run(1, &dh, &dweight);
  EXPECT_EQ(run(1, nullptr, nullptr), dx);
  EXPECT_EQ(run(1, nullptr, &alone), dx);
  EXPECT_EQ(alone, dweight);
  run(0, &dh, &dweight);
  EXPECT_EQ(dh, std::vector<float>(dh.size(), 0.0F));
  EXPECT_EQ(dweight, std::vector<float>(dweight.size(), 0.0F));
}

TEST(HyenaConv, RefusesWhatItCannotTake) {
  const std::vector<float> taps(8, 0.5F), weight(9 * 17, 0.25F);
  std::vector<float> x(8 * 9), y(8 * 3);
  const FilterSpectrum spectrum({taps.data(), 1, 8, 0, 8, 1}, nullptr, 8, 3, Type::kFloat32);
  const auto call = [&](const ShortFilters& filters, Type type = Type::kFloat32) {
    hyena_conv_forward({1, type}, spectrum, filters, {x.data(), 72, 9}, {y.data(), 24, 3});
  };
  EXPECT_NO_THROW(call({weight.data(), nullptr, 1, 16, 0, 15}));
  EXPECT_THROW(call({nullptr, nullptr, 1, 3, 0, 2}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 1, 17, 0, 16}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 1, 3, 0, 3}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 1, 3, 0, 2, 3}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 1, 3, 0, 2}, Type::kFloat64), ArgumentError);
  EXPECT_THROW(hyena_conv_forward({1}, spectrum, {weight.data(), nullptr, 1, 3, 0, 2}, {},
                                  {y.data(), 24, 3}),
               ArgumentError);
  EXPECT_THROW(hyena_conv_backward({1}, spectrum, {weight.data(), nullptr, 1, 3, 0, 2},
                                   {x.data(), 72, 9}, {y.data(), 24, 3}, {}, {}),
               ArgumentError);
}

}  // namespace
}  // namespace hyena::kernels
