#include "kernels/short_conv.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/number_types.h"

namespace hyena::kernels {
namespace {

std::string name(const ShortConvShape& s) {
  return std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
         std::to_string(s.channels) + " kernel " + std::to_string(s.kernel_height) + "x" +
         std::to_string(s.kernel_width) + " centre " + std::to_string(s.centre_column);
}

struct Tally {
  double wrong = 0, whole = 0;
  void add(double actual, double expected) {
    wrong += (actual - expected) * (actual - expected);
    whole += expected * expected;
  }
  double error() const { return std::sqrt(wrong / whole); }
};

/// Everything against direct sums in float64. Rows have a gap of `gap` elements behind the
/// channels.
template <class T>
void expect_exact(const ShortConvShape& s, double limit) {
  std::mt19937_64 draw(3);
  std::normal_distribution<double> normal;
  using W = FilterType<T>;
  const auto random = [&](std::int64_t count, auto zero) {
    std::vector<decltype(zero)> out(static_cast<std::size_t>(count));
    for (auto& x : out) x = static_cast<decltype(zero)>(normal(draw));
    return out;
  };
  constexpr std::int64_t kGap = 3;
  const std::int64_t row = s.channels + kGap, positions = s.height * s.width;
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  const auto x = random(s.batch * positions * row, T{});
  const auto dy = random(s.batch * positions * row, T{});
  const auto weight = random(s.channels * taps, W{}), bias = random(s.channels, W{});
  std::vector<T> y(x.size(), static_cast<T>(NAN)), dx(y);
  std::vector<W> dw(weight.size(), NAN), db(bias.size(), NAN);
  const auto in = [&](const std::vector<T>& v) {
    return ConstRows{v.data(), positions * row, row};
  };
  const auto out = [&](std::vector<T>& v) { return Rows{v.data(), positions * row, row}; };
  short_conv_forward(s, in(x), weight.data(), bias.data(), out(y));
  short_conv_backward(s, in(x), weight.data(), in(dy), out(dx), dw.data(), db.data());

  std::vector<double> ey(x.size(), 0.0), edx(x.size(), 0.0), edw(weight.size(), 0.0);
  Tally ty, tx, tw, tb;
  for (std::int64_t c = 0; c < s.channels; ++c) {
    double ebias = 0;
    for (std::int64_t b = 0; b < s.batch; ++b) {
      const auto at = [&](std::int64_t i, std::int64_t j) {
        return static_cast<std::size_t>(((b * s.height + i) * s.width + j) * row + c);
      };
      for (std::int64_t i = 0; i < s.height; ++i) {
        for (std::int64_t j = 0; j < s.width; ++j) {
          ebias += static_cast<double>(dy[at(i, j)]);
          ey[at(i, j)] += static_cast<double>(bias[c]);
          for (std::int64_t a = 0; a < s.kernel_height; ++a) {
            for (std::int64_t e = 0; e < s.kernel_width; ++e) {
              const std::int64_t r = i + a - s.centre_row, q = j + e - s.centre_column;
              if (r < 0 || r >= s.height || q < 0 || q >= s.width) continue;
              const auto w = static_cast<std::size_t>(c * taps + a * s.kernel_width + e);
              ey[at(i, j)] += static_cast<double>(weight[w]) * static_cast<double>(x[at(r, q)]);
              edx[at(r, q)] += static_cast<double>(weight[w]) * static_cast<double>(dy[at(i, j)]);
              edw[w] += static_cast<double>(x[at(r, q)]) * static_cast<double>(dy[at(i, j)]);
            }
          }
        }
      }
    }
    tb.add(db[c], ebias);
  }
  for (std::int64_t p = 0; p < s.batch * positions; ++p) {
    for (std::int64_t c = 0; c < row; ++c) {
      const auto i = static_cast<std::size_t>(p * row + c);
      if (c >= s.channels) {
        ASSERT_TRUE(std::isnan(static_cast<double>(y[i])) && std::isnan(static_cast<double>(dx[i])))
            << "written behind a row, " << name(s);
        continue;
      }
      ty.add(y[i], ey[i]);
      tx.add(dx[i], edx[i]);
    }
  }
  for (std::size_t i = 0; i < dw.size(); ++i) tw.add(dw[i], edw[i]);
  EXPECT_LT(ty.error(), limit) << name(s);
  EXPECT_LT(tx.error(), limit) << name(s);
  const double weight_limit = sizeof(T) == 8 ? 1e-13 : 1e-5;
  EXPECT_LT(tw.error(), weight_limit) << name(s);
  EXPECT_LT(tb.error(), weight_limit) << name(s);
}

ShortConvShape line(std::int64_t length, std::int64_t channels, std::int64_t taps, bool causal) {
  return {.batch = 3,
          .width = length,
          .channels = channels,
          .kernel_width = taps,
          .centre_column = causal ? taps - 1 : (taps - 1) / 2};
}
ShortConvShape grid(std::int64_t height, std::int64_t width, std::int64_t channels,
                    std::int64_t side) {
  return {.batch = 2,
          .height = height,
          .width = width,
          .channels = channels,
          .kernel_height = side,
          .kernel_width = side,
          .centre_row = side / 2,
          .centre_column = side / 2};
}

TEST(ShortConv, EveryNumberOfTapsOnLines) {
  for (std::int64_t taps = 1; taps <= 16; ++taps) {
    for (const bool causal : {true, false}) {
      for (const std::int64_t length : {1, 2, 3, 5, 8, 33}) {
        ShortConvShape s = line(length, 19, taps, causal);
        expect_exact<float>(s, 1e-6);
        s.type = Type::kFloat64;
        expect_exact<double>(s, 1e-14);
      }
    }
  }
}

TEST(ShortConv, SixteenBitSignals) {
  const auto in_both = [](ShortConvShape s) {
    s.type = Type::kBFloat16;
    expect_exact<BFloat16>(s, 4e-3);
    s.type = Type::kFloat16;
    expect_exact<Half>(s, 1e-3);
  };
  for (const std::int64_t taps : {1, 3, 4, 16}) {
    for (const bool causal : {true, false}) in_both(line(33, 19, taps, causal));
  }
  for (const std::int64_t side : {3, 5}) in_both(grid(7, 14, 21, side));
}

TEST(ShortConv, LongLines) {
  expect_exact<float>(line(3000, 48, 3, true), 1e-6);
  expect_exact<float>(line(1025, 16, 4, false), 1e-6);
}

TEST(ShortConv, Grids) {
  for (const std::int64_t side : {1, 3, 5, 7}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {1, 7}, {7, 7}, {5, 14}, {40, 37}}) {
      ShortConvShape s = grid(height, width, 21, side);
      expect_exact<float>(s, 1e-6);
      s.type = Type::kFloat64;
      expect_exact<double>(s, 1e-14);
    }
  }
}

TEST(ShortConv, RefusesWhatItCannotTake) {
  std::vector<float> a(64, 0.5F);
  const auto refusal = [&](ShortConvShape s, const void* weight) -> std::string {
    try {
      short_conv_forward(s, {a.data(), 8, 1}, weight, nullptr, {a.data(), 8, 1});
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(line(0, 2, 3, true), a.data()),
            "short_conv_forward: width must be at least 1, got 0");
  EXPECT_EQ(refusal(line(4, 0, 3, true), a.data()),
            "short_conv_forward: channels must be at least 1, got 0");
  EXPECT_EQ(refusal(line(4, 2, 0, true), a.data()),
            "short_conv_forward: kernel width must be at least 1, got 0");
  ShortConvShape s = line(4, 2, 3, true);
  EXPECT_EQ(refusal(s, nullptr), "short_conv_forward: there are no weights");
  s.centre_column = 3;
  EXPECT_EQ(refusal(s, a.data()),
            "short_conv_forward: centre must be one of the 1 x 3 taps, got (0, 3)");
}

}  // namespace
}  // namespace hyena::kernels
