// Lengths, comparisons and filters over maps against direct sums in double.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "inspect/probe/sanity.h"
#include "tests/inspect/filter_sums.h"

namespace hyena::tests {
namespace {

using namespace inspect;

/// The share of Σ h² within a distance of [row, column].
double share_within(const Row& h, std::int64_t width, std::int64_t row, std::int64_t column,
                    double distance) {
  double all = 0, inside = 0;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const auto y = static_cast<double>(static_cast<std::int64_t>(i) / width - row);
    const auto x = static_cast<double>(static_cast<std::int64_t>(i) % width - column);
    all += h[i] * h[i];
    if (std::hypot(x, y) <= distance + 1e-6) inside += h[i] * h[i];
  }
  return inside / all;
}

TEST(FilterViews, LengthsHoldTheirShare) {
  for (const auto& model : {causal(), two_sided()}) {
    const auto figure = model.draw("effective_length", {{"layer", 1}, {"share", 50}});
    for (const int percent : {50, 90, 99}) {
      const auto& drawn = curve(figure.panels[0], std::to_string(percent) + " % of energy");
      const auto h = model.taps(1);
      for (std::size_t c = 0; c < h.size(); ++c) {
        EXPECT_EQ(drawn.y[static_cast<std::int64_t>(c)],
                  length(h[c], model.first_lag(), percent / 100.0));
      }
    }
    const auto& boxes = std::get<Boxes>(figure.panels[1].content).boxes;
    ASSERT_EQ(boxes.size(), 2);
    Row lengths;
    for (const auto& h : model.taps(0)) lengths.push_back(length(h, model.first_lag(), 0.5));
    std::sort(lengths.begin(), lengths.end());
    EXPECT_NEAR(boxes[0].median, (lengths[3] + lengths[4]) / 2, 1e-9);
    EXPECT_EQ(find_view("effective_length").pick(figure, 1, 1.2, 3).layer, 1);
  }
}

TEST(FilterViews, RadiiHoldTheirShare) {
  const auto model = over_map();
  const auto figure = model.draw("effective_length");
  const auto shape = layer_filters(*model.subject, 0).taps.sizes().vec();
  const auto h = model.taps(0);
  const auto& drawn = curve(figure.panels[0], "90 % of energy");
  for (std::size_t c = 0; c < h.size(); ++c) {
    const double radius = drawn.y[static_cast<std::int64_t>(c)];
    EXPECT_GE(share_within(h[c], shape[2], shape[1] / 2, shape[2] / 2, radius), 0.9);
    EXPECT_LT(share_within(h[c], shape[2], shape[1] / 2, shape[2] / 2, radius - 0.01), 0.9);
  }
}

TEST(FilterViews, ComparesWithFreshWeights) {
  for (const auto& model : {causal(), two_sided(), over_map()}) {
    const Model fresh{randomised(*model.subject, 7)};
    const auto figure = model.draw("compare", {{"seed", 7}, {"sort", "channel"}, {"layer", 1}});
    const auto a = fresh.taps(1), b = model.taps(1);
    const auto& change = array(figure, "relative change");
    const auto& difference = array(figure, "difference");
    double changed = 0, size = 0;
    for (std::size_t c = 0; c < a.size(); ++c) {
      double own_changed = 0, own = 0;
      for (std::size_t i = 0; i < a[c].size(); ++i) {
        const double d = b[c][i] - a[c][i];
        EXPECT_NEAR(difference[static_cast<std::int64_t>(c * a[c].size() + i)], d, kNear);
        own_changed += d * d;
        own += a[c][i] * a[c][i];
      }
      EXPECT_NEAR(change[static_cast<std::int64_t>(c)], std::sqrt(own_changed / own), 1e-5);
      changed += own_changed;
      size += own;
    }
    const auto& bars = std::get<Bars>(figure.panels.back().content).bars;
    ASSERT_EQ(bars.size(), 2);
    EXPECT_NEAR(bars[1].value, std::sqrt(changed / size), 1e-9);
    EXPECT_TRUE(bars[1].focus);
    const auto &first = map_of(figure.panels[0]).color.limits,
               &second = map_of(figure.panels[1]).color.limits;
    EXPECT_EQ(first.low, second.low);
    EXPECT_EQ(first.high, second.high);
    EXPECT_TRUE(figure.provenance.second_model.empty());
  }
}

TEST(FilterViews, ComparesTwoModels) {
  const auto model = causal(), other = Model{small_model(small_lm("hyena", {{"order", 2}}))};
  const auto same = draw(find_view("compare"),
                         {.model = model.subject.get(), .second = causal().subject.get()}, {});
  EXPECT_EQ(same.provenance.second_model, "causal_lm");
  const auto& change = array(same, "relative change");
  for (std::int64_t i = 0; i < change.size(); ++i) EXPECT_EQ(change[i], 0);
  const Model wide{small_model(small_lm("hyena", json::object(), {{"d_model", 12}}))};
  EXPECT_THROW(
      draw(find_view("compare"), {.model = model.subject.get(), .second = wide.subject.get()}, {}),
      backbone::OptionError);
}

TEST(FilterViews, MapsAndTheirSpectra) {
  const auto model = over_map();
  const auto figure = model.draw("filter_map", {{"channel", 2}, {"range", 200}});
  const auto h = model.taps(0)[2];
  const auto& map = map_of(figure.panels[0]);
  const auto& loud = map_of(figure.panels[1]);
  const auto width = map.cells.shape()[1];
  for (std::int64_t i = 0; i < map.cells.size(); ++i) {
    EXPECT_NEAR(map.cells[i], h[static_cast<std::size_t>(i)], kNear);
  }
  EXPECT_EQ(map.x_first, -static_cast<double>(width / 2));
  for (std::int64_t row = 0; row < loud.cells.shape()[0]; ++row) {
    for (std::int64_t column = 0; column < loud.cells.shape()[1]; ++column) {
      const double fy = loud.y_first + loud.y_step * static_cast<double>(row);
      const double fx = loud.x_first + loud.x_step * static_cast<double>(column);
      std::complex<double> sum = 0;
      for (std::size_t i = 0; i < h.size(); ++i) {
        const auto y = static_cast<double>(static_cast<std::int64_t>(i) / width);
        const auto x = static_cast<double>(static_cast<std::int64_t>(i) % width);
        sum += h[i] * std::polar(1.0, -2 * std::numbers::pi * (fy * y + fx * x));
      }
      EXPECT_NEAR(cell(loud, row, column), 20 * std::log10(std::abs(sum)), 1e-3);
    }
  }
  const auto turned = model.draw("filter_map", {{"channel", 2}, {"turned", true}});
  const auto& back = map_of(turned.panels[0]);
  EXPECT_EQ(back.cells[0], map.cells[map.cells.size() - 1]);
  // Lag (0, 0) is where the triangles point in both.
  EXPECT_EQ(cell(back, -std::llround(back.y_first), -std::llround(back.x_first)),
            cell(map, -std::llround(map.y_first), -std::llround(map.x_first)));
}

TEST(FilterViews, TheWallBeginsWithTheSmallest) {
  for (const auto& model : {over_map(), two_sided()}) {
    const auto figure = model.draw("filter_map", {{"draw", "wall"}, {"spread", 0}});
    const auto& size = figure.arrays.at(1);
    ASSERT_EQ(figure.panels.size(), 8);
    double before = -1;
    for (std::size_t i = 0; i < figure.panels.size(); ++i) {
      const auto channel = find_view("filter_map").pick(figure, i, 0, 0).channel;
      EXPECT_GE(size[channel], before);
      before = size[channel];
      EXPECT_EQ(map_of(figure.panels[i]).color.limits.high,
                map_of(figure.panels[0]).color.limits.high);
    }
  }
}

TEST(FilterViews, FoldsLagsAroundAToken) {
  const auto model = two_sided();
  const auto figure = model.draw("filter_map", {{"channel", 1}, {"token", 7}});
  const auto h = model.taps(0)[1];
  const auto& map = map_of(figure.panels[0]);
  for (std::int64_t source = 0; source < 9; ++source) {
    const auto tap = static_cast<std::size_t>(7 - source - model.first_lag());
    EXPECT_NEAR(map.cells[source], h[tap], kNear);
  }
  EXPECT_EQ(map.x_first, -1);
  EXPECT_EQ(map.y_first, -2);
}

}  // namespace
}  // namespace hyena::tests
