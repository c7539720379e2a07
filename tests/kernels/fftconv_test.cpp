#include "kernels/fftconv.h"

#include <array>
#include <cmath>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/plan.h"
#include "tests/kernels/convolution_case.h"

namespace hyena::kernels {
namespace {

/// As many threads as there is work, to shake out what depends on their number.
class Threads final : public Executor {
 public:
  explicit Threads(std::int64_t count) : count_(count) {}
  void run(std::int64_t count,
           const std::function<void(std::int64_t, std::int64_t)>& work) const override {
    const std::int64_t parts = std::min(count, count_);
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < parts; ++i) {
      threads.emplace_back([&, i] { work(i * count / parts, (i + 1) * count / parts); });
    }
    for (auto& thread : threads) thread.join();
  }

 private:
  std::int64_t count_;
};

void expect_exact(const ConvolutionCase& c, const Executor& executor = {}) {
  const double limit = c.type == Type::kFloat64    ? 1e-13
                       : c.type == Type::kFloat32  ? 2e-6
                       : c.type == Type::kBFloat16 ? 4e-3
                                                   : 1e-3;
  const double tap_limit = c.type == Type::kFloat64 ? 1e-13 : 1e-5;
  const ConvolutionErrors e = errors_of(c, executor);
  EXPECT_LT(e.y, limit) << c.name();
  EXPECT_LT(e.dv, limit) << c.name();
  EXPECT_LT(e.dq, limit) << c.name();
  EXPECT_LT(e.dk, limit) << c.name();
  EXPECT_LT(e.dh, tap_limit) << c.name();
  EXPECT_LT(e.db, tap_limit) << c.name();
}

TEST(FftConv, EveryShortLength) {
  const Threads executor(3);
  for (std::int64_t length = 1; length <= 140; length += length < 80 ? 1 : 7) {
    for (const bool centred : {false, true}) {
      for (const Type type : {Type::kFloat32, Type::kFloat64}) {
        expect_exact(
            {.batch = 2, .length = length, .channels = 19, .centred = centred, .type = type},
            executor);
      }
    }
  }
}

void expect_exact_in_every_type(std::int64_t length) {
  for (const std::int64_t channels : {1, 16, 37}) {
    for (const Type type : {Type::kFloat32, Type::kFloat64, Type::kBFloat16, Type::kFloat16}) {
      expect_exact({.batch = 3,
                    .length = length,
                    .channels = channels,
                    .centred = length % 2 == 0,
                    .type = type});
    }
  }
}

TEST(FftConv, MiddleLengthsInEveryType) {
  for (const std::int64_t length : {196, 197, 256}) expect_exact_in_every_type(length);
}

TEST(FftConv, LongLengthsInEveryType) {
  for (const std::int64_t length : {1000, 1024, 2310}) expect_exact_in_every_type(length);
}

TEST(FftConv, WithoutGatesOrBias) {
  for (const bool centred : {false, true}) {
    expect_exact({.batch = 2, .length = 100, .channels = 32, .centred = centred, .gated = false});
    expect_exact({.batch = 2, .length = 100, .channels = 32, .centred = centred, .bias = false});
    expect_exact({.length = 100, .channels = 5, .centred = centred, .gated = false, .bias = false});
  }
}

TEST(FftConv, AnyNumberOfTaps) {
  for (const std::int64_t taps : {1, 2, 7, 8, 63, 64, 65, 127, 128, 300}) {
    for (const bool centred : {false, true}) {
      expect_exact({.batch = 2, .length = 64, .channels = 16, .taps = taps, .centred = centred});
    }
  }
}

TEST(FftConv, ChannelsShareFilters) {
  for (const std::int64_t rows : {1, 3, 8, 24}) {
    expect_exact({.batch = 2, .length = 80, .channels = 48, .rows = rows});
    expect_exact({.batch = 2, .length = 80, .channels = 48, .rows = rows, .centred = true});
  }
}

/// Every radix as outermost pass, between others, and innermost.
TEST(FftConv, LengthsOfEveryRadix) {
  for (const std::int64_t length :
       {2 * 3 * 5, 7 * 11, 11 * 11, 14 * 11, 10 * 3 * 7, 16 * 11, 5 * 5 * 5, 7 * 7 * 7,
        11 * 11 * 11, 14 * 14 * 14, 3 * 3 * 3 * 3 * 3}) {
    expect_exact({.length = length, .channels = 16});
    expect_exact({.length = length, .channels = 16, .centred = true, .type = Type::kFloat64});
  }
}

TEST(FftConv, TheSameBitsForAnyNumberOfThreads) {
  constexpr std::int64_t kBatch = 7, kLength = 96, kChannels = 40;
  std::vector<float> x(kBatch * kLength * kChannels), h(kChannels * kLength);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(0.7F * static_cast<float>(i % 1009));
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = std::cos(0.3F * static_cast<float>(i % 733));
  std::array<std::vector<float>, 3> results;
  for (std::size_t threads = 1; threads <= 3; ++threads) {
    const Threads executor(static_cast<std::int64_t>(threads));
    const FilterSpectrum spectrum({h.data(), kChannels, kLength, 0, kLength, 1}, nullptr, kLength,
                                  kChannels, Type::kFloat32, executor);
    std::vector<float> dx(x.size()), dh(h.size());
    FftConvGradients gradients;
    gradients.dv = {dx.data(), kLength * kChannels, kChannels};
    gradients.dh = {dh.data(), kChannels, kLength, 0, kLength, 1};
    const ConstRows rows{x.data(), kLength * kChannels, kChannels};
    fftconv_backward({kBatch}, spectrum, {}, {}, rows, rows, gradients, executor);
    dx.insert(dx.end(), dh.begin(), dh.end());
    results[threads - 1] = dx;
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

/// The outer gate may be overwritten with the result; directly, packed, and by sums.
TEST(FftConv, WritesOverItsGate) {
  for (const std::int64_t length : {20, 100, 197}) {
    for (const std::int64_t channels : {16, 19, 80}) {
      const auto count = static_cast<std::size_t>(2 * length * channels);
      std::vector<float> q(count), k(count), v(count), y(count, NAN), h(channels * length);
      for (std::size_t i = 0; i < count; ++i) {
        q[i] = std::sin(0.7F * static_cast<float>(i % 1009));
        k[i] = std::cos(0.3F * static_cast<float>(i % 733));
        v[i] = std::sin(0.9F * static_cast<float>(i % 577));
      }
      for (std::size_t i = 0; i < h.size(); ++i) h[i] = std::cos(0.4F * static_cast<float>(i % 97));
      const FilterSpectrum spectrum({h.data(), channels, length, 0, length, 1}, nullptr, length,
                                    channels, Type::kFloat32);
      const auto in = [&](std::vector<float>& x) {
        return ConstRows{x.data(), length * channels, channels};
      };
      fftconv_forward({2}, spectrum, in(q), in(k), in(v), {y.data(), length * channels, channels});
      fftconv_forward({2}, spectrum, in(q), in(k), in(v), {q.data(), length * channels, channels});
      EXPECT_EQ(q, y) << length << " " << channels;
    }
  }
}

TEST(FftConv, AnEmptyBatch) {
  const std::vector<float> h = {0.5F, 0.25F, 0.125F};
  const FilterSpectrum spectrum({h.data(), 1, 3, 0, 3, 1}, nullptr, 3, 1, Type::kFloat32);
  float nothing = 7;
  std::vector<float> dh(3, 9);
  fftconv_forward({0}, spectrum, {}, {}, {&nothing, 3, 1}, {&nothing, 3, 1});
  FftConvGradients gradients;
  gradients.dv = {&nothing, 3, 1};
  gradients.dh = {dh.data(), 1, 3, 0, 3, 1};
  fftconv_backward({0}, spectrum, {}, {}, {&nothing, 3, 1}, {&nothing, 3, 1}, gradients);
  EXPECT_EQ(nothing, 7);
  EXPECT_EQ(dh, (std::vector<float>{0, 0, 0}));
}

template <class F>
std::string refusal(F&& call) {
  try {
    call();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

TEST(FftConv, RefusesWhatItCannotTake) {
  std::vector<float> a(64, 1.5F);
  const auto filter = [&](ConstTaps h, std::int64_t length, std::int64_t channels) {
    return refusal([&] { FilterSpectrum(h, nullptr, length, channels, Type::kFloat32); });
  };
  const ConstTaps good{a.data(), 2, 8, 0, 8, 1};
  EXPECT_EQ(filter(good, 0, 2), "FilterSpectrum: length must be at least 1, got 0");
  EXPECT_EQ(filter(good, (1 << 23) + 1, 2),
            "transform: length must be 1 to 8388608, got 8388609; cut longer signals into parts");
  EXPECT_EQ(filter(good, 8, 0), "FilterSpectrum: channels must be at least 1, got 0");
  EXPECT_EQ(filter({}, 8, 2), "FilterSpectrum: there are no taps");
  EXPECT_EQ(filter({a.data(), 2, 0, 0, 8, 1}, 8, 2), "FilterSpectrum: a filter needs a tap, got 0");
  EXPECT_EQ(filter(good, 8, 3), "FilterSpectrum: rows of taps must divide the 3 channels, got 2");
  EXPECT_EQ(filter({a.data(), 2, 8, 8, 8, 1}, 8, 2),
            "FilterSpectrum: centre must be one of the 8 taps, got 8");

  const FilterSpectrum spectrum(good, nullptr, 8, 2, Type::kFloat32);
  const ConstRows rows{a.data(), 16, 2};
  const auto forward = [&](FftConvShape shape, ConstRows v, Rows y) {
    return refusal([&] { fftconv_forward(shape, spectrum, {}, {}, v, y); });
  };
  EXPECT_EQ(forward({-1}, rows, {a.data(), 16, 2}), "fftconv_forward: batch is negative: -1");
  EXPECT_EQ(forward({1}, {}, {a.data(), 16, 2}), "fftconv_forward: v is absent");
  EXPECT_EQ(forward({1}, rows, {}), "fftconv_forward: y is absent");
  EXPECT_EQ(forward({1, Type::kFloat64}, rows, {a.data(), 16, 2}),
            "fftconv_forward: the signals are float64, the filter is not");
  const auto backward = [&](ConstRows q, ConstRows k, FftConvGradients gradients) {
    return refusal([&] { fftconv_backward({1}, spectrum, q, k, rows, rows, gradients); });
  };
  FftConvGradients gradients;
  EXPECT_EQ(backward({}, {}, gradients), "fftconv_backward: dv is absent");
  gradients.dv = {a.data(), 16, 2};
  EXPECT_EQ(backward(rows, {}, gradients), "fftconv_backward: dq is absent");
  EXPECT_EQ(backward({}, rows, gradients), "fftconv_backward: dk is absent");
}

TEST(Plan, CoversEveryLengthClosely) {
  for (std::int64_t length = 1; length <= 3000; ++length) {
    const auto radices = cpu::choose_radices(length);
    const std::int64_t size =
        std::accumulate(radices.begin(), radices.end(), std::int64_t{1}, std::multiplies<>());
    EXPECT_GE(size, length);
    EXPECT_LE(size, length + length / 6 + 4) << length;
  }
  EXPECT_THROW(cpu::choose_radices(0), std::invalid_argument);
  EXPECT_THROW(cpu::choose_radices((1 << 23) + 1), std::invalid_argument);
  EXPECT_THROW(cpu::plan_of<float>({6, 4}, cpu::Ring::kOrdinary), std::invalid_argument);
}

}  // namespace
}  // namespace hyena::kernels
