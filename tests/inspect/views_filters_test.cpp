// Curves and banks of filters against direct sums in double.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/inspect/filter_sums.h"

namespace hyena::tests {
namespace {

using namespace inspect;

TEST(FilterViews, ImpulseResponsesAreTheTaps) {
  for (const auto& model : {causal(), two_sided()}) {
    const auto figure = model.draw("impulse", {{"layer", 1}, {"channel", 3}, {"spread", 0}});
    const auto h = model.taps(1);
    for (std::size_t c = 0; c < h.size(); ++c) {
      const auto& drawn = curve(figure.panels[0], "channel " + std::to_string(c));
      EXPECT_EQ(drawn.stroke == Stroke::focus, c == 3);
      EXPECT_EQ(drawn.x[0], model.first_lag());
      for (std::size_t i = 0; i < h[c].size(); ++i) {
        EXPECT_FLOAT_EQ(drawn.y[static_cast<std::int64_t>(i)], static_cast<float>(h[c][i]));
      }
    }
  }
}

TEST(FilterViews, ImpulseResponsesOverTheirLargest) {
  const auto model = causal();
  const auto figure = model.draw("impulse", {{"filter", 1},
                                             {"height", "shape"},
                                             {"channels", {2, 5}},
                                             {"channel", 5},
                                             {"lag_axis", "log"},
                                             {"window", false}});
  const auto h = model.taps(0, 1);
  ASSERT_EQ(curves_of(figure.panels[0]).size(), 2);
  const auto& drawn = curve(figure.panels[0], "channel 2");
  double largest = 0;
  for (const double v : h[2]) largest = std::max(largest, std::abs(v));
  EXPECT_EQ(drawn.x[0], 1);
  for (std::size_t i = 1; i < h[2].size(); ++i) {
    EXPECT_NEAR(drawn.y[static_cast<std::int64_t>(i) - 1], h[2][i] / largest, kNear);
  }
  EXPECT_THROW(model.draw("impulse", {{"channels", {99}}}), backbone::OptionError);
  EXPECT_EQ(model.draw("impulse", {{"every_layer", true}}).panels.size(), 2);
}

TEST(FilterViews, TheWindowBoundsItsCurve) {
  const auto figure = causal().draw("impulse", {{"channel", 2}});
  const auto& window = curve(figure.panels[0], "± decay window");
  const auto& h = curve(figure.panels[0], "channel 2");
  double closest = 1;
  for (std::int64_t i = 0; i < h.y.size(); ++i) {
    EXPECT_LE(std::abs(h.y[i]), window.y[i] * 1.00001);
    closest = std::min<double>(closest, 1 - std::abs(h.y[i]) / window.y[i]);
  }
  EXPECT_LT(closest, 1e-5);
}

TEST(FilterViews, TheBankIsSortedByLength) {
  for (const auto& model : {causal(), two_sided()}) {
    const auto figure = model.draw("filter_bank");
    const auto& map = map_of(figure.panels[0]);
    const auto& order = array(figure, "channel of row");
    const auto h = model.taps(0);
    double before = -1;
    for (std::int64_t row = 0; row < order.size(); ++row) {
      const auto& taps = h[static_cast<std::size_t>(order[row])];
      const double now = length(taps, model.first_lag(), 0.9);
      EXPECT_GE(now, before);
      EXPECT_EQ(map.overlays[0].x[row], now);
      before = now;
      for (std::size_t i = 0; i < taps.size(); ++i) {
        EXPECT_NEAR(cell(map, row, static_cast<std::int64_t>(i)), taps[i], kNear);
      }
    }
    const auto pick = find_view("filter_bank").pick(figure, 0, 2, 1.3);
    EXPECT_EQ(pick.channel, order[1]);
  }
}

TEST(FilterViews, TheBankInDecibelsEndsAtItsRange) {
  const auto model = causal();
  const auto figure =
      model.draw("filter_bank", {{"log", true}, {"range", 20}, {"sort", "channel"}});
  const auto& map = map_of(figure.panels[0]);
  const auto h = model.taps(0);
  double largest = 0;
  for (const auto& row : h) {
    for (const double v : row) largest = std::max(largest, std::abs(v));
  }
  for (std::size_t c = 0; c < h.size(); ++c) {
    for (std::size_t i = 0; i < h[c].size(); ++i) {
      const double level = 20 * std::log10(std::max(std::abs(h[c][i]), largest / 10));
      EXPECT_NEAR(cell(map, static_cast<std::int64_t>(c), static_cast<std::int64_t>(i)), level,
                  1e-4);
    }
  }
}

TEST(FilterViews, LimitsOfTheWholeModel) {
  const auto model = causal();
  const auto largest = [&](std::vector<std::pair<int, int>> which) {
    double out = 0;
    for (const auto& [layer, filter] : which) {
      for (const auto& row : model.taps(layer, filter)) {
        for (const double v : row) out = std::max(out, std::abs(v));
      }
    }
    return out;
  };
  const auto high = [&](const char* scope, int filter) {
    const auto figure =
        model.draw("filter_bank", {{"scope", scope}, {"percentile", 100}, {"filter", filter}});
    return map_of(figure.panels[0]).color.limits.high;
  };
  for (const int filter : {0, 1}) EXPECT_NEAR(high("map", filter), largest({{0, filter}}), kNear);
  for (const int filter : {0, 1})
    EXPECT_NEAR(high("layer", filter), largest({{0, 0}, {0, 1}}), kNear);
  EXPECT_NEAR(high("model", 0), largest({{0, 0}, {0, 1}, {1, 0}, {1, 1}}), kNear);
}

TEST(FilterViews, SimilarRowsFollowEachOther) {
  const auto model = causal();
  const auto figure = model.draw("filter_bank", {{"sort", "similarity"}});
  const auto& order = array(figure, "channel of row");
  const auto h = model.taps(0);
  const auto cosine = [&](std::int64_t a, std::int64_t b) {
    double dot = 0, aa = 0, bb = 0;
    const auto &x = h[static_cast<std::size_t>(order[a])],
               &y = h[static_cast<std::size_t>(order[b])];
    for (std::size_t i = 0; i < x.size(); ++i) {
      dot += x[i] * y[i];
      aa += x[i] * x[i];
      bb += y[i] * y[i];
    }
    return std::abs(dot) / std::sqrt(aa * bb);
  };
  for (std::int64_t row = 0; row + 2 < order.size(); ++row) {
    for (std::int64_t later = row + 2; later < order.size(); ++later) {
      EXPECT_GE(cosine(row, row + 1), cosine(row, later) - 1e-9);
    }
  }
}

TEST(FilterViews, ResponsesAreFourierSums) {
  for (const auto& model : {causal(), two_sided()}) {
    const auto h = model.taps(1)[2];
    const auto figure = model.draw(
        "response", {{"layer", 1}, {"channel", 2}, {"range", 200}, {"spread", 0}, {"smooth", 0}});
    const auto& level = curve(figure.panels[0], "channel 2");
    const auto& delay = curve(figure.panels[2], "channel 2");
    for (std::int64_t i = 0; i < level.y.size(); ++i) {
      const double f = level.x[i];
      const auto value = fourier(h, model.first_lag(), f);
      EXPECT_NEAR(level.y[i], 20 * std::log10(std::abs(value)), 2e-4) << f;
      // −dφ/dω by central differences of the phase.
      constexpr double kStep = 1e-6;
      const auto turn = std::arg(fourier(h, model.first_lag(), f + kStep) /
                                 fourier(h, model.first_lag(), f - kStep));
      EXPECT_NEAR(delay.y[i], -turn / (4 * std::numbers::pi * kStep),
                  1e-3 * (1 + std::abs(delay.y[i])));
    }
  }
}

TEST(FilterViews, DelaysAreAveragedByPower) {
  const auto model = causal();
  const json parameters = {{"channel", 2}, {"spread", 0}, {"quantities", {"delay"}}};
  auto smooth = parameters, sharp = parameters;
  smooth["smooth"] = 0.21;
  sharp["smooth"] = 0;
  const auto mean = curve(model.draw("response", smooth).panels[0], "channel 2");
  const auto delay = curve(model.draw("response", sharp).panels[0], "channel 2");
  const auto h = model.taps(0)[2];
  for (std::int64_t i = 0; i < mean.y.size(); ++i) {
    double sum = 0, weight = 0;
    for (std::int64_t j = 0; j < delay.y.size(); ++j) {
      if (std::abs(delay.x[i] - delay.x[j]) > 0.105) continue;
      const double power = std::norm(fourier(h, 0, delay.x[j]));
      sum += power * delay.y[j];
      weight += power;
    }
    EXPECT_NEAR(mean.y[i], sum / weight, 1e-4);
  }
}

TEST(FilterViews, ResponsesWithTheSkipTermAsMaps) {
  const auto model = causal();
  auto h = model.taps(0);
  const auto skip = layer_filters(*model.subject, 0).skip[0];
  const auto figure = model.draw("response", {{"draw", "map"},
                                              {"skip", true},
                                              {"sort", "channel"},
                                              {"range", 200},
                                              {"quantities", {"phase", "magnitude"}}});
  ASSERT_EQ(figure.panels.size(), 2);
  EXPECT_EQ(map_of(figure.panels[0]).color.quantity, Quantity::phase);
  const auto& map = map_of(figure.panels[1]);
  for (std::size_t c = 0; c < h.size(); ++c) {
    h[c][0] += skip[static_cast<std::int64_t>(c)].item<double>();
    for (std::int64_t i = 0; i < map.cells.shape()[1]; ++i) {
      const auto value = fourier(h[c], 0, static_cast<double>(i) * map.x_step);
      EXPECT_NEAR(cell(map, static_cast<std::int64_t>(c), i), 20 * std::log10(std::abs(value)),
                  1e-3);
    }
  }
  EXPECT_THROW(model.draw("response", {{"quantities", {"loudness"}}}), backbone::OptionError);
}

TEST(FilterViews, SingularValuesHoldTheHankelMatrix) {
  const auto model = causal();
  const auto figure = model.draw("structure", {{"channel", 4}, {"order", 2}, {"spread", 0}});
  const auto& levels = curve(figure.panels[0], "channel 4");
  const auto h = model.taps(0)[4];
  const auto side = static_cast<std::size_t>(levels.y.size());
  EXPECT_EQ(side, (h.size() - 1) / 2);
  // Σ σ² is the Frobenius norm; the largest follows from power iteration.
  double all = 0;
  for (std::size_t i = 0; i < side; ++i) {
    for (std::size_t j = 0; j < side; ++j) all += h[1 + i + j] * h[1 + i + j];
  }
  Row v(side, 1);
  double largest = 0;
  for (int step = 0; step < 3000; ++step) {
    Row next(side, 0);
    double norm = 0;
    for (std::size_t i = 0; i < side; ++i) {
      for (std::size_t j = 0; j < side; ++j) next[i] += h[1 + i + j] * v[j];
      norm += next[i] * next[i];
    }
    largest = std::sqrt(norm);
    for (std::size_t i = 0; i < side; ++i) v[i] = next[i] / largest;
  }
  double sum = 0;
  for (std::int64_t i = 0; i < levels.y.size(); ++i) sum += std::pow(10, levels.y[i] / 10);
  EXPECT_NEAR(sum, all / (largest * largest), 1e-4 * sum);
  // Sums and products of both poles are the recurrence's coefficients, which are real.
  const auto& poles = array(figure, "poles");
  ASSERT_EQ(poles.size(), 4);
  EXPECT_NEAR(poles[1] + poles[3], 0, kNear);
}

TEST(FilterViews, TheParametrisationShowsTheSameFilters) {
  const auto model = causal();
  const auto figure = model.draw("parametrisation", {{"range", 200}});
  ASSERT_EQ(figure.panels.size(), 4);
  const auto features = layer_filters(*model.subject, 0).features;
  const auto& encoding = map_of(figure.panels[0]);
  const auto &taps = map_of(figure.panels[1]), &loud = map_of(figure.panels[2]),
             &phase = map_of(figure.panels[3]);
  EXPECT_NEAR(cell(encoding, 5, 2), features[5][2].item<double>(), kNear);
  const auto h = model.taps(0);
  for (std::int64_t c = 0; c < std::ssize(h); ++c) {
    const auto& row = h[static_cast<std::size_t>(c)];
    EXPECT_NEAR(cell(taps, 7, c), row[7], kNear);
    for (std::int64_t i = 1; i + 1 < loud.cells.shape()[0]; ++i) {
      const auto value = fourier(row, 0, static_cast<double>(i) * loud.y_step);
      EXPECT_NEAR(cell(loud, i, c), 20 * std::log10(std::abs(value)), 1e-3);
      const double turn = cell(phase, i, c) - std::arg(value);
      EXPECT_NEAR(std::remainder(turn, 2 * std::numbers::pi), 0, 1e-4);
    }
  }
}

TEST(FilterViews, TheSheetSharesItsRows) {
  const auto model = causal();
  const auto figure = model.draw("filters", {{"channel", 6}, {"range", 200}});
  ASSERT_EQ(figure.panels.size(), 4);
  const auto &bank = map_of(figure.panels[2]), &loud = map_of(figure.panels[3]);
  const auto& order = array(figure, "channel of row");
  ASSERT_EQ(bank.marks.size(), 1);
  EXPECT_EQ(order[bank.marks[0].row], 6);
  EXPECT_EQ(loud.marks[0].row, bank.marks[0].row);
  const auto h = model.taps(0)[6];
  EXPECT_NEAR(cell(bank, bank.marks[0].row, 3), h[3], kNear);
  EXPECT_NEAR(cell(loud, loud.marks[0].row, 4),
              20 * std::log10(std::abs(fourier(h, 0, 4 * loud.x_step))), 1e-3);
  const auto& pick = find_view("filters").pick;
  EXPECT_EQ(pick(figure, 0, 3, h[3]).channel, 6);
  EXPECT_EQ(pick(figure, 3, 0.2, static_cast<double>(bank.marks[0].row)).channel, 6);
}

}  // namespace
}  // namespace hyena::tests
