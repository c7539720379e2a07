#include "kernels/fftconv2d.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/reference/fftconv.h"
#include "tests/kernels/number_types.h"

namespace hyena::kernels {
namespace {

struct GridCase {
  std::int64_t height, width, kernel_height, kernel_width;
  bool circular = false;
  std::int64_t batch = 2, channels = 3;
  std::string name() const {
    return std::to_string(height) + "x" + std::to_string(width) + " kernel " +
           std::to_string(kernel_height) + "x" + std::to_string(kernel_width) +
           (circular ? " circular" : "");
  }
};

double relative(const std::vector<double>& actual, const std::vector<double>& expected) {
  double wrong = 0, whole = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    wrong += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    whole += expected[i] * expected[i];
  }
  return std::sqrt(wrong / whole);
}

template <class T>
std::vector<double> widened(const std::vector<T>& x) {
  return {x.begin(), x.end()};
}

/// Channels last, no gaps: element (b, position, d).
template <class T>
std::vector<T> random(std::size_t count, std::mt19937_64& draw) {
  std::normal_distribution<double> normal;
  std::vector<T> out(count);
  for (T& x : out) x = static_cast<T>(normal(draw));
  return out;
}

/// Forward and backward against direct sums in float64. The gradient with respect to the taps is
/// linear in them: its product with any taps is dy · (their convolution).
template <class T>
void expect_exact(const GridCase& c, double limit) {
  std::mt19937_64 draw(7);
  const std::int64_t positions = c.height * c.width, taps = c.kernel_height * c.kernel_width;
  const auto count = static_cast<std::size_t>(c.batch * positions * c.channels);
  const auto q = random<T>(count, draw), k = random<T>(count, draw), v = random<T>(count, draw);
  const auto dy = random<T>(count, draw);
  using W = FilterType<T>;
  const auto h = random<W>(static_cast<std::size_t>(c.channels * taps), draw);
  const auto bias = random<W>(static_cast<std::size_t>(c.channels), draw);
  const auto poison = static_cast<T>(NAN);
  std::vector<T> y(count, poison), dq(count, poison), dk(count, poison), dv(count, poison);
  std::vector<W> dh(h.size(), NAN), dbias(bias.size(), NAN);

  const Type type = type_of<T>();
  const auto in = [&](const std::vector<T>& x) {
    return ConstRows{x.data(), positions * c.channels, c.channels};
  };
  const auto out = [&](std::vector<T>& x) {
    return Rows{x.data(), positions * c.channels, c.channels};
  };
  const ConstGridTaps filter{h.data(),       c.channels,          c.kernel_height,
                             c.kernel_width, c.kernel_height / 2, c.kernel_width / 2,
                             taps,           c.kernel_width,      1};
  FftConv2dGradients gradients{out(dq), out(dk), out(dv), {}, dbias.data()};
  gradients.dh = {dh.data(),      filter.rows,       filter.height,
                  filter.width,   filter.centre_row, filter.centre_column,
                  filter.channel, filter.row,        filter.tap};
  const FilterSpectrum2d spectrum(filter, bias.data(), {c.height, c.width, c.circular}, c.channels,
                                  type);
  fftconv2d_forward(c.batch, type, spectrum, in(q), in(k), in(v), out(y));
  fftconv2d_backward(c.batch, type, spectrum, in(q), in(k), in(v), in(dy), gradients);

  const auto convolve = [&](const std::vector<double>& u, const std::vector<double>& taps_of_d,
                            bool adjoint) {
    // The adjoint is the convolution with turned taps, whose centre is mirrored.
    std::vector<double> turned = taps_of_d, result(u.size());
    reference::Grid grid{.height = c.height,
                         .width = c.width,
                         .kernel_height = c.kernel_height,
                         .kernel_width = c.kernel_width,
                         .centre_row = c.kernel_height / 2,
                         .centre_column = c.kernel_width / 2,
                         .circular = c.circular};
    if (adjoint) {
      std::reverse(turned.begin(), turned.end());
      grid.centre_row = c.kernel_height - 1 - grid.centre_row;
      grid.centre_column = c.kernel_width - 1 - grid.centre_column;
    }
    reference::convolve2d(grid, u, turned, result);
    return result;
  };
  std::vector<double> ey(count), edq(count), edk(count), edv(count), ebias(bias.size(), 0.0);
  std::vector<double> along(bias.size(), 0.0), along_expected(bias.size(), 0.0);
  const auto direction = random<double>(h.size(), draw);
  for (std::int64_t d = 0; d < c.channels; ++d) {
    const auto slice = [&](const std::vector<double>& x) {
      return std::vector<double>(x.begin() + d * taps, x.begin() + (d + 1) * taps);
    };
    for (std::int64_t b = 0; b < c.batch; ++b) {
      const auto at = [&](std::int64_t p) {
        return static_cast<std::size_t>((b * positions + p) * c.channels + d);
      };
      std::vector<double> u(static_cast<std::size_t>(positions)), dc(u.size());
      for (std::int64_t p = 0; p < positions; ++p) {
        u[p] = static_cast<double>(k[at(p)]) * static_cast<double>(v[at(p)]);
        dc[p] = static_cast<double>(q[at(p)]) * static_cast<double>(dy[at(p)]);
      }
      const auto value = convolve(u, slice(widened(h)), false);
      const auto du = convolve(dc, slice(widened(h)), true);
      const auto moved = convolve(u, slice(direction), false);
      for (std::int64_t p = 0; p < positions; ++p) {
        const double skip = bias[d];
        ey[at(p)] = q[at(p)] * (value[p] + skip * u[p]);
        edq[at(p)] = dy[at(p)] * (value[p] + skip * u[p]);
        edk[at(p)] = v[at(p)] * (du[p] + skip * dc[p]);
        edv[at(p)] = k[at(p)] * (du[p] + skip * dc[p]);
        ebias[d] += dc[p] * u[p];
        along_expected[d] += dc[p] * moved[p];
      }
    }
    for (std::int64_t a = 0; a < taps; ++a) along[d] += dh[d * taps + a] * direction[d * taps + a];
  }
  EXPECT_LT(relative(widened(y), ey), limit) << c.name();
  EXPECT_LT(relative(widened(dq), edq), limit) << c.name();
  EXPECT_LT(relative(widened(dk), edk), limit) << c.name();
  EXPECT_LT(relative(widened(dv), edv), limit) << c.name();
  // Gradients of filters are not rounded to the type of the signals.
  const double tap_limit = sizeof(T) == 8 ? 2e-12 : 4e-5;
  EXPECT_LT(relative(along, along_expected), tap_limit) << c.name();
  EXPECT_LT(relative(widened(dbias), ebias), tap_limit) << c.name();
}

const std::vector<GridCase> kGrids = {
    {1, 1, 1, 1},       {1, 9, 1, 17},      {7, 7, 13, 13},       {14, 14, 27, 27},
    {14, 10, 27, 19},   {14, 10, 5, 3},     {5, 6, 2, 4},         {7, 4, 31, 27},
    {28, 28, 55, 55},   {13, 37, 25, 73},   {14, 10, 7, 7, true}, {9, 5, 21, 3, true},
    {7, 7, 7, 7, true}, {1, 3, 4, 4, true},
};

TEST(FftConv2d, EqualsDirectSumsInFloat32) {
  for (const GridCase& c : kGrids) expect_exact<float>(c, 2e-6);
}

TEST(FftConv2d, EqualsDirectSumsInFloat64) {
  for (const GridCase& c : kGrids) expect_exact<double>(c, 1e-13);
}

TEST(FftConv2d, SixteenBitSignals) {
  for (const GridCase& c : kGrids) {
    expect_exact<BFloat16>(c, 4e-3);
    expect_exact<Half>(c, 1e-3);
  }
}

TEST(FftConv2d, EverySmallGrid) {
  for (std::int64_t height = 1; height <= 12; ++height) {
    for (std::int64_t width = 1; width <= 12; ++width) {
      expect_exact<float>({height, width, 2 * height - 1, 2 * width - 1}, 2e-6);
      expect_exact<float>({height, width, height, width, true}, 2e-6);
    }
  }
}

TEST(FftConv2d, FillsVectorsAndLeavesARest) {
  for (const std::int64_t channels : {16, 17, 40}) {
    expect_exact<float>({.height = 14,
                         .width = 14,
                         .kernel_height = 27,
                         .kernel_width = 27,
                         .circular = false,
                         .batch = 3,
                         .channels = channels},
                        2e-6);
  }
}

TEST(FftConv2d, LargeGrids) {
  expect_exact<float>({.height = 56,
                       .width = 56,
                       .kernel_height = 111,
                       .kernel_width = 111,
                       .circular = false,
                       .batch = 1,
                       .channels = 1},
                      2e-6);
  expect_exact<float>({.height = 37,
                       .width = 53,
                       .kernel_height = 73,
                       .kernel_width = 105,
                       .circular = false,
                       .batch = 1,
                       .channels = 2},
                      2e-6);
}

TEST(FftConv2d, RefusesWhatItCannotTake) {
  const std::vector<float> a(64, 0.5F);
  const auto filter = [&](ConstGridTaps h, Grid2d grid, std::int64_t channels) -> std::string {
    try {
      FilterSpectrum2d(h, nullptr, grid, channels, Type::kFloat32);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  const ConstGridTaps good{a.data(), 2, 3, 5, 1, 2, 15, 5, 1};
  EXPECT_EQ(filter(good, {0, 4}, 2), "FilterSpectrum2d: a grid must be at least 1 x 1, got 0 x 4");
  EXPECT_EQ(filter(good, {4, 4}, 3),
            "FilterSpectrum2d: rows of taps must divide the 3 channels, got 2");
  EXPECT_EQ(filter({a.data(), 2, 3, 5, 3, 2, 15, 5, 1}, {4, 4}, 2),
            "FilterSpectrum2d: centre must be one of the 3 x 5 taps, got (3, 2)");
  EXPECT_EQ(filter({}, {4, 4}, 2), "FilterSpectrum2d: there are no taps");
  EXPECT_EQ(filter(good, {4, 4}, 0), "FilterSpectrum2d: channels must be at least 1, got 0");
}

}  // namespace
}  // namespace hyena::kernels
