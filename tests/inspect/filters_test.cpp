#include "inspect/probe/filters.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <numbers>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "inspect/probe/filter_structure.h"
#include "inspect/probe/map_filters.h"
#include "tests/inspect/small_models.h"
#include "tests/support/tensors.h"

namespace hyena::inspect {
namespace {

using tests::close;
constexpr double kPi = std::numbers::pi;

at::Tensor random_filters(at::IntArrayRef shape) {
  at::manual_seed(2);
  return at::randn(shape, at::kDouble);
}

TEST(Spectrum, IsTheDirectSumWithItsSkipAndItsDelay) {
  const auto h = random_filters({3, 9});
  const auto skip = random_filters({3});
  for (const std::int64_t first : {0, -4}) {
    const std::int64_t points = first == 0 ? 18 : 10;
    const auto found = spectrum(h, first, skip);
    ASSERT_EQ(found.frequency.size(0), points / 2 + 1);
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto response = [&](double f) {
        std::complex<double> sum = skip[c].item<double>();
        for (std::int64_t i = 0; i < 9; ++i) {
          sum += h[c][i].item<double>() *
                 std::polar(1.0, -2 * kPi * f * static_cast<double>(first + i));
        }
        return sum;
      };
      double last = 0;
      for (std::int64_t k = 0; k <= points / 2; ++k) {
        const double f = static_cast<double>(k) / static_cast<double>(points);
        EXPECT_NEAR(found.frequency[k].item<double>(), f, 1e-15);
        const auto sum = response(f);
        EXPECT_NEAR(found.magnitude[c][k].item<double>(), std::abs(sum), 1e-12);
        const auto phase = std::polar(1.0, found.phase[c][k].item<double>());
        EXPECT_NEAR(std::abs(phase - sum / std::abs(sum)), 0, 1e-10);
        const double unwrapped = found.unwrapped[c][k].item<double>();
        EXPECT_NEAR(std::abs(std::polar(1.0, unwrapped) - phase), 0, 1e-10);
        if (k > 0) {
          EXPECT_LE(std::abs(unwrapped - last), kPi + 1e-9);
        }
        last = unwrapped;
        // −dφ/dω by central differences of the phase.
        constexpr double kStep = 1e-6;
        const double delay =
            -std::arg(response(f + kStep) / response(f - kStep)) / (2 * kPi * 2 * kStep);
        EXPECT_NEAR(found.group_delay[c][k].item<double>(), delay, 1e-5 * (1 + std::abs(delay)));
      }
    }
  }
}

TEST(Spectrum, KeepsTheEnergy) {
  const auto h = random_filters({4, 16});
  const auto power = spectrum(h, 0).magnitude.square();
  // Parseval: inner frequencies of a real signal count twice.
  const auto sum = (2 * power.sum(1) - power.select(1, 0) - power.select(1, 16)) / 32;
  EXPECT_TRUE(close(sum, h.square().sum(1), 1e-12));
}

TEST(Spectrum, OfADelayIsThatDelay) {
  auto h = at::zeros({1, 9}, at::kDouble);
  h[0][6] = -2.5;
  EXPECT_TRUE(close(spectrum(h, 0).group_delay, at::full({1, 10}, 6.0, at::kDouble), 1e-10));
  EXPECT_TRUE(close(spectrum(h, -4).group_delay, at::full({1, 6}, 2.0, at::kDouble), 1e-10));
}

TEST(Band, OfTonesIsTheirFrequency) {
  const auto t = at::arange(256, at::kDouble);
  const auto tone = [&](double f) { return at::cos(2 * kPi * f * t) * at::exp(-t / 60); };
  const auto found = band(spectrum(at::stack({tone(0.05), tone(0.25), tone(0.45)}), 0));
  EXPECT_EQ(found.label, (std::vector<std::string>{"low", "band", "high"}));
  EXPECT_NEAR(found.centroid[1].item<double>(), 0.25, 0.005);
  EXPECT_LT(found.bandwidth[1].item<double>(), 0.05);
}

TEST(EffectiveLength, HoldsTheShareAndNoLess) {
  const auto h = random_filters({5, 21});
  for (const std::int64_t first : {0, -10}) {
    for (const double share : {0.5, 0.9, 0.99}) {
      const auto found = effective_length(h, first, share);
      for (std::int64_t c = 0; c < 5; ++c) {
        const auto within = [&](std::int64_t l) {
          double sum = 0;
          for (std::int64_t i = 0; i < 21; ++i) {
            if (std::abs(first + i) <= l) sum += std::pow(h[c][i].item<double>(), 2);
          }
          return sum;
        };
        const auto l = found[c].item<std::int64_t>();
        EXPECT_GE(within(l), share * within(99));
        if (l > 0) {
          EXPECT_LT(within(l - 1), share * within(99));
        }
      }
    }
  }
}

TEST(WindowHalfLife, OfExponentialsIsLogTwoOverTheRate) {
  const auto rate = at::tensor({0.05, 0.2, 0.001}, at::kDouble).unsqueeze(1);
  const auto found = window_half_life(at::exp(-rate * at::arange(-60, 61, at::kDouble).abs()), -60);
  EXPECT_NEAR(found[0].item<double>(), std::log(2) / 0.05, 0.02);
  EXPECT_NEAR(found[1].item<double>(), std::log(2) / 0.2, 0.03);
  EXPECT_TRUE(std::isnan(found[2].item<double>()));
}

TEST(FilterStructure, FindsTheStatesAndPolesOfARecurrence) {
  const auto t = at::arange(63, at::kDouble);
  // Poles 0.9, −0.5 and 0.8·e^{±i}, and any tap at lag 0.
  auto h = 2 * at::pow(0.9, t) - at::pow(-0.5, t) + 3 * at::pow(0.8, t) * at::cos(t + 0.3);
  h[0] = 17;
  const auto found = hankel(h, 1e-9);
  EXPECT_EQ(found.order, 4);
  const auto p = poles(h, 4);
  for (const std::complex<double> pole :
       {std::complex<double>(0.9), {-0.5, 0}, std::polar(0.8, 1.0), std::polar(0.8, -1.0)}) {
    double nearest = 9;
    for (int i = 0; i < 4; ++i) {
      const std::complex<double> z(at::real(p)[i].item<double>(), at::imag(p)[i].item<double>());
      nearest = std::min(nearest, std::abs(z - pole));
    }
    EXPECT_LT(nearest, 1e-8);
  }
  EXPECT_THROW(poles(h, 40), backbone::OptionError);
}

TEST(MapFilters, SpectrumIsTheDirectSum) {
  const auto h = random_filters({2, 3, 5});
  const auto found = spectrum2d(h);
  ASSERT_EQ(found.sizes(), at::IntArrayRef({2, 6, 10}));
  for (int a = 0; a < 6; ++a) {
    for (int b = 0; b < 10; ++b) {
      std::complex<double> sum = 0;
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 5; ++j) {
          sum += h[1][i][j].item<double>() *
                 std::polar(1.0, -2 * kPi * (i * (a - 3) / 6.0 + j * (b - 5) / 10.0));
        }
      }
      EXPECT_NEAR(found[1][a][b].item<double>(), std::abs(sum), 1e-12);
    }
  }
  // Parseval.
  EXPECT_TRUE(close(found.square().sum({1, 2}) / 60, h.square().sum({1, 2}), 1e-12));
}

TEST(MapFilters, ProfilesAndRadiusAreMeansOverTheirCells) {
  const auto h = random_filters({2, 5, 5});
  std::map<int, std::pair<double, int>> rings;
  std::map<double, double> energy;
  double all = 0;
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      const double d = std::hypot(i - 2, j - 2), x = h[1][i][j].item<double>();
      auto& ring = rings[static_cast<int>(std::lround(d))];
      ring.first += x;
      ++ring.second;
      energy[d] += x * x;
      all += x * x;
    }
  }
  const auto found = radial_profile(h, 2, 2);
  ASSERT_EQ(found.size(1), std::ssize(rings));
  for (const auto& [r, sum] : rings) {
    EXPECT_NEAR(found[1][r].item<double>(), sum.first / sum.second, 1e-12);
  }
  double sum = 0, radius = 0;
  for (const auto& [d, e] : energy) {
    radius = d;
    if ((sum += e) >= 0.9 * all) break;
  }
  EXPECT_NEAR(effective_radius(h)[1].item<double>(), radius, 1e-12);
  // Four directions: along x, the falling diagonal, along y, the rising one.
  auto rows = at::zeros({1, 5, 5}, at::kDouble);
  rows[0][2] += 1;
  const auto sectors = angular_profile(rows, 2, 2, 4);
  EXPECT_GT(sectors[0][0].item<double>(), 0.4);
  EXPECT_EQ(sectors[0][2].item<double>(), 0);
}

TEST(MapFilters, FoldPutsLagsWhereTheirPatchesAre) {
  const auto h = random_filters({2, 9});
  const backbone::TokenGrid grid{.height = 2, .width = 3, .prefix = 1};
  for (const std::int64_t first : {0, -4}) {
    const auto found = fold(h, first, grid, 5);
    for (std::int64_t s = 0; s < 6; ++s) {
      const std::int64_t tap = 5 - (s + 1) - first;
      const double expected = tap >= 0 && tap < 9 ? h[1][tap].item<double>() : 0;
      EXPECT_EQ(found[1][s / 3][s % 3].item<double>(), expected);
    }
  }
}

TEST(LayerFilters, AreTheModelsOwnWithTheirWindow) {
  const auto lm = tests::small_model(tests::small_lm("hyena", {{"order", 3}, {"num_heads", 2}}));
  const auto f = layer_filters(*lm, 1);
  EXPECT_EQ(f.taps.sizes(), at::IntArrayRef({2, 4, 16}));
  EXPECT_EQ(f.window.sizes(), f.taps.sizes());
  EXPECT_EQ(f.skip.sizes(), at::IntArrayRef({2, 4}));
  EXPECT_EQ(f.features.size(0), 16);
  EXPECT_EQ(layer_filters(*lm, 1, 7).taps.size(2), 7);
  EXPECT_TRUE(close(layer_filters(*lm, 1, 7).taps, f.taps.slice(2, 0, 7), 1e-12));
  EXPECT_EQ(lm->facts().layers[1].filters, 2);
  EXPECT_EQ(lm->facts().layers[1].heads, 2);
  EXPECT_EQ(lm->facts().layers[1].filter_channels, 4);
  EXPECT_THROW(sequence_taps(f, 2), backbone::OptionError);

  const auto map = tests::small_model(tests::small_vit("hyena2d"));
  const auto g = layer_filters(*map, 0);
  EXPECT_EQ(g.taps.sizes(), at::IntArrayRef({8, 5, 5}));
  EXPECT_EQ(g.window.sizes(), g.taps.sizes());
  EXPECT_THROW(sequence_taps(g), backbone::OptionError);
  const auto attention = tests::small_model(tests::small_vit("attention"));
  EXPECT_THROW(layer_filters(*attention, 0), backbone::OptionError);

  const auto both = tests::small_model(tests::small_vit("hyena_bidirectional"));
  const auto b = layer_filters(*both, 0);
  EXPECT_EQ(b.first_lag, -8);
  // The window is largest at lag 0 and the same on both sides.
  EXPECT_TRUE(close(b.window, b.window.flip({2}), 1e-6));
  EXPECT_EQ(b.window[0][0].argmax().item<std::int64_t>(), 8);
}

}  // namespace
}  // namespace hyena::inspect
