#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "inspect/figure/color_maps.h"
#include "inspect/figure/figure_text.h"
#include "inspect/figure/limits.h"
#include "inspect/figure/ticks.h"
#include "tests/inspect/figure_gallery.h"

namespace hyena::inspect {
namespace {

std::vector<std::string> labels(const std::vector<Tick>& found) {
  std::vector<std::string> texts;
  for (const auto& tick : found) texts.push_back(tick.label);
  return texts;
}

Array random_array(std::int64_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.3F, 2);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (auto& value : values) value = normal(engine);
  return {"values", {"i"}, {n}, values};
}

TEST(Ticks, StepsAreOneTwoFive) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(labels(ticks({}, {0, 0.5})), (Texts{"0", "0.1", "0.2", "0.3", "0.4", "0.5"}));
  EXPECT_EQ(labels(ticks({}, {-0.12, 0.18}, 3)), (Texts{"−0.1", "0", "0.1"}));
  EXPECT_EQ(labels(ticks({.powers_of_two = true}, {0, 256})),
            (Texts{"0", "64", "128", "192", "256"}));
  EXPECT_EQ(labels(ticks({}, {0, 2500})),
            (Texts{"0", "500", "1\u2009000", "1\u2009500", "2\u2009000", "2\u2009500"}));
  EXPECT_EQ(labels(ticks({.scale = Scale::log}, {1e-3, 1e2})),
            (Texts{"10⁻³", "0.01", "0.1", "1", "10", "100"}));
}

TEST(Ticks, NeverMoreThanAsked) {
  std::mt19937 engine(5);
  std::uniform_real_distribution<double> decade(-6, 6), share(0, 1);
  for (int i = 0; i < 500; ++i) {
    const double span = std::pow(10, decade(engine)), low = (share(engine) - 0.5) * 4 * span;
    for (const bool two : {false, true}) {
      const auto found = ticks({.powers_of_two = two}, {low, low + span});
      EXPECT_LE(found.size(), 6U);
      EXPECT_TRUE(two || found.size() >= 2) << low << " + " << span;
      for (const auto& tick : found) {
        EXPECT_GE(tick.value, low - 1e-5 * span);
        EXPECT_LE(tick.value, low + span * (1 + 1e-5));
      }
    }
  }
  EXPECT_TRUE(ticks({}, {1, 1}).empty());
  EXPECT_TRUE(ticks({}, {0, std::numeric_limits<double>::infinity()}).empty());
}

TEST(Ticks, PeriodsStandAtOneOverThem) {
  const auto found = reciprocal_ticks({0, 0.5});
  ASSERT_GE(found.size(), 4U);
  EXPECT_EQ(found.back().label, "2");
  for (const auto& tick : found) EXPECT_NEAR(std::stod(tick.label) * tick.value, 1, 1e-9);
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(number_text(-0.25), "−0.25");
  EXPECT_EQ(number_text(2048), "2\u2009048");
  EXPECT_EQ(number_text(2e-5), "2·10⁻⁵");
  EXPECT_EQ(number_text(1e-6), "10⁻⁶");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(decimal_text(-0.0001, 2), "0.00");
}

TEST(Limits, EqualThoseOfASort) {
  const Array values = random_array(4001, 3);
  std::vector<float> sorted(values.data(), values.data() + values.size());
  std::ranges::sort(sorted);
  const auto plain = resolve({.policy = "percentile", .percentile = 95}, values);
  EXPECT_FLOAT_EQ(static_cast<float>(plain.low), sorted[200]);
  EXPECT_FLOAT_EQ(static_cast<float>(plain.high), sorted[3800]);
  EXPECT_EQ(plain.below, 200);
  EXPECT_EQ(plain.above, 200);
  EXPECT_NEAR(plain.clipped(), 400.0 / 4001, 1e-12);
  std::ranges::transform(sorted, sorted.begin(), [](float x) { return std::abs(x); });
  std::ranges::sort(sorted);
  const auto even = resolve({.percentile = 99.5, .symmetric = true}, values);
  EXPECT_FLOAT_EQ(static_cast<float>(even.high), sorted[3980]);
  EXPECT_EQ(even.low, -even.high);
  const auto all = resolve({.policy = "data"}, values);
  EXPECT_EQ(all.below + all.above, 0);
}

TEST(Limits, CountWhatIsNoNumberAndLeaveMaskedOut) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Array values("v", {"i"}, {5}, {1, nan, 3, 100, -2});
  const Array mask("m", {"i"}, {5}, {0, 0, 0, 1, 0});
  const auto found = resolve({.policy = "data"}, values, mask);
  EXPECT_EQ(found.nan, 1);
  EXPECT_EQ(found.finite, 3);
  EXPECT_EQ(found.low, -2);
  EXPECT_EQ(found.high, 3);
  const auto none = resolve({}, Array("v", {"i"}, {1}, {nan}));
  EXPECT_LT(none.low, none.high);
}

TEST(Limits, RefuseWhatCannotBe) {
  const Array values = random_array(8, 1);
  EXPECT_THROW(resolve({.policy = "guess"}, values), std::invalid_argument);
  EXPECT_THROW(resolve({.percentile = 20}, values), std::invalid_argument);
  EXPECT_THROW(resolve({.policy = "fixed", .low = 1, .high = 1}, values), std::invalid_argument);
  EXPECT_THROW(resolve({}, values, random_array(7, 1)), std::invalid_argument);
}

TEST(Histogram, CountsEachValueOnce) {
  const Array values = random_array(1000, 9);
  std::int64_t sum = 0;
  for (const auto count : histogram(values, -3, 3, 17)) sum += count;
  std::int64_t inside = 0;
  for (std::int64_t i = 0; i < 1000; ++i) inside += values[i] >= -3 && values[i] <= 3 ? 1 : 0;
  EXPECT_EQ(sum, inside);
}

TEST(ColorMaps, HaveTheirKnownColors) {
  EXPECT_EQ(find_color_map("viridis").colors[0], (Color{0x44, 0x01, 0x54}));
  EXPECT_EQ(find_color_map("viridis").colors[255], (Color{0xfd, 0xe7, 0x25}));
  EXPECT_EQ(find_color_map("viridis_r").colors[255], (Color{0x44, 0x01, 0x54}));
  EXPECT_EQ(find_color_map("nightwarm").colors[0], (Color{0xa9, 0xcc, 0xff}));
  EXPECT_EQ(find_color_map("nightwarm").colors[255], (Color{0xff, 0xb9, 0xa0}));
  EXPECT_THROW(find_color_map("jet"), std::invalid_argument);
  EXPECT_EQ(color_map_for({.quantity = Quantity::signed_value}, true).name, "nightwarm");
  EXPECT_EQ(color_map_for({.quantity = Quantity::signed_value}, true, true).name, "coolwarm");
  EXPECT_EQ(color_map_for({.quantity = Quantity::loss}, false).name, "magma_r");
}

TEST(ColorMaps, TextOnThemCanBeRead) {
  for (const auto& map : color_maps()) {
    for (const auto& color : map.colors) EXPECT_GE(contrast(color, text_on(color)), 4.5);
  }
}

TEST(Caption, SaysLimitsClippingAndOrigin) {
  const auto figure = tests::gallery()[0];
  const std::string text = caption_text(figure);
  for (const char* part :
       {"(c) Filter bank", "symmetric, 99.5th percentile of |value|", "map scope", "0.5 % clipped",
        "not interpolated", "3fa9c1d2…", "view filters/sheet", "channel 492"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(panel_letter(27), "ab");
}

TEST(Pieces, ShowWhatCannotBeSeen) {
  EXPECT_EQ(visible_piece(" the\n"), "·the↵");
  EXPECT_EQ(visible_piece("\xff\x1b"), "\\xff\\x1b");
  EXPECT_EQ(visible_piece("中"), "中");
}

TEST(Arrays, MustFitTheirShape) {
  EXPECT_THROW(Array("a", {"x"}, {3}, {1, 2}), std::invalid_argument);
  EXPECT_THROW(Array("a", {"x", "y"}, {2}, {1, 2}), std::invalid_argument);
  EXPECT_THROW(Array("a", {"x"}, {-1}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace hyena::inspect
