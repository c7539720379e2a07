#include <algorithm>
#include <cmath>
#include <cstdio>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "inspect/figure/figure_json.h"
#include "inspect/probe/capture.h"
#include "inspect/views/kinds.h"
#include "tests/inspect/seen.h"

namespace hyena::inspect {
namespace {

using nlohmann::json;
using namespace tests;

/// d y[t, c] / d v[s, c] with gates frozen, from the formula alone: order 2, one filter a channel.
at::Tensor matrix_by_hand(const Seen& seen, std::int64_t layer, std::int64_t c, bool skip) {
  const auto f = seen.subject->layer(layer).mixer->long_filters(
      seen.subject->facts().vision()
          ? seen.subject->layer(layer).grid
          : backbone::TokenGrid{.height = 1, .width = seen.input->input.size(1)});
  const auto g_in = seen.tap(layer, "g_in.0")[c], g_out = seen.tap(layer, "g_out")[c];
  const std::int64_t n = g_in.size(0);
  auto h = at::zeros({n, n}, at::kDouble);
  for (std::int64_t t = 0; t < n; ++t) {
    for (std::int64_t s = 0; s < n; ++s) {
      double tap = 0;
      if (f.over_map) {
        const std::int64_t w = seen.subject->layer(layer).grid.width;
        const auto i = t / w - s / w + f.taps.size(1) / 2, j = t % w - s % w + f.taps.size(2) / 2;
        if (i >= 0 && j >= 0 && i < f.taps.size(1) && j < f.taps.size(2)) {
          tap = f.taps[c % f.taps.size(0)][i][j].item<double>();
        }
        if (skip && t == s && f.skip.defined()) tap += f.skip[c].item<double>();
      } else {
        const auto k = c % f.taps.size(1), lag = t - s - f.first_lag;
        if (lag >= 0 && lag < f.taps.size(2)) tap = f.taps[0][k][lag].item<double>();
        if (skip && t == s) tap += f.skip[0][k].item<double>();
      }
      h[t][s] = g_out[t] * tap * g_in[s];
    }
  }
  return h;
}

TEST(GatesView, ShowsTheStreamAndItsNumbers) {
  for (const auto& seen : {vision("hyena2d"), vision("hyena_bidirectional"), text("hyena")}) {
    const at::NoGradGuard no_grad;
    const auto figure = seen.draw(gates_view(), {{"layer", 1}, {"part", "g_out"}, {"channel", 3}});
    const auto g = seen.tap(1, "g_out");
    expect_values(figure.arrays[0], g);
    expect_values(figure.arrays[1], g.square().sum(0).sqrt());
    std::int64_t closed = 0, flips = 0;
    for (std::int64_t c = 0; c < g.size(0); ++c) {
      for (std::int64_t t = 0; t < g.size(1); ++t) {
        const double x = g[c][t].item<double>();
        closed += std::abs(x) < 0.05;
        if (t > 0) flips += (x < 0) != (g[c][t - 1].item<double>() < 0);
      }
    }
    const auto share = [](std::int64_t n, std::int64_t of) {
      char out[16];
      std::snprintf(out, sizeof out, "%.1f %%",
                    100.0 * static_cast<double>(n) / static_cast<double>(of));
      return std::string(out);
    };
    const std::string& said = figure.panels[3].subtitle;
    EXPECT_NE(said.find("0.05: " + share(closed, g.numel())), std::string::npos) << said;
    EXPECT_NE(said.find("neighbours: " + share(flips, g.size(0) * (g.size(1) - 1))),
              std::string::npos)
        << said;
    const auto click = gates_view().pick(figure, 0, 2.2, 4.9);
    EXPECT_EQ(click.token, 2);
    EXPECT_EQ(click.channel, 5);
  }
}

TEST(MatrixView, IsTheFormula) {
  for (const auto& seen : {vision("hyena2d"), vision("hyena_bidirectional"), text("hyena")}) {
    const at::NoGradGuard no_grad;
    for (const bool skip : {false, true}) {
      const auto expected = matrix_by_hand(seen, 1, 3, skip);
      const auto figure = seen.draw(
          matrix_view(), {{"layer", 1}, {"channel", 3}, {"skip", skip}, {"mode", "signed"}});
      expect_values(figure.arrays[0], expected);
      const auto& map = std::get<HeatMap>(figure.panels[0].content);
      expect_values(map.cells, expected);
      EXPECT_EQ(map.mask.empty(), seen.subject->facts().vision());
      if (!map.mask.empty()) expect_values(map.mask, at::ones_like(expected).triu(1));
    }
  }
}

TEST(MatrixView, ModesAndBlocks) {
  const auto seen = text("hyena");
  const at::NoGradGuard no_grad;
  const auto h = matrix_by_hand(seen, 0, 2, false).abs();
  const auto cells = [&](const json& more) {
    json p = {{"channel", 2}};
    p.update(more);
    return std::get<HeatMap>(seen.draw(matrix_view(), p).panels[0].content).cells;
  };
  expect_values(cells({{"mode", "abs"}}), h);
  expect_values(cells({{"mode", "row"}}), h / h.sum(1, true));
  const double top = std::log10(h.max().item<double>());
  expect_values(cells({{"mode", "log10"}}), h.log10().clamp_min(top - 3), 1e-5);
  auto blocks = at::zeros({3, 3}, at::kDouble);
  for (std::int64_t i = 0; i < 12; ++i) {
    for (std::int64_t j = 0; j < 12; ++j) {
      blocks[i / 5][j / 5] = at::maximum(blocks[i / 5][j / 5], h[i][j]);
    }
  }
  expect_values(cells({{"block", 5}}), blocks);
  EXPECT_THROW(cells({{"mode", "signed"}, {"block", 5}}), backbone::OptionError);
  auto mean = at::zeros_like(h);
  for (std::int64_t c = 0; c < 8; ++c) mean += matrix_by_hand(seen, 0, c, false).abs() / 8;
  expect_values(cells({{"channel", -1}}), mean);
}

TEST(RowView, RowsColumnsAndContributions) {
  for (const auto& seen : {vision("hyena2d"), text("hyena")}) {
    const at::NoGradGuard no_grad;
    const bool causal = !seen.subject->facts().vision();
    const auto h = matrix_by_hand(seen, 1, 3, false);
    const auto with_future = [&](at::Tensor line, bool row) {
      if (causal) (row ? line.slice(0, 6) : line.slice(0, 0, 5)).fill_(std::nan(""));
      return line;
    };
    const json one = {{"layer", 1}, {"channel", 3}, {"token", 5}};
    expect_values(seen.draw(row_view(), one).arrays[0], with_future(h[5].clone(), true));
    json column = one;
    column["direction"] = "column";
    expect_values(seen.draw(row_view(), column).arrays[0],
                  with_future(h.select(1, 5).clone(), false));
    const auto w =
        seen.subject->layer(1).mixer->long_filters(seen.subject->layer(1).grid).out_weight;
    const auto v = seen.tap(1, "v");
    const std::int64_t n = v.size(1);
    for (const bool row : {true, false}) {
      auto added = at::zeros({n, w.size(0)}, at::kDouble);
      for (std::int64_t c = 0; c < v.size(0); ++c) {
        const auto m = matrix_by_hand(seen, 1, c, false);
        for (std::int64_t k = 0; k < n; ++k) {
          added[k] += w.select(1, c) * (row ? m[5][k] * v[c][k] : m[k][5] * v[c][5]);
        }
      }
      const auto figure = seen.draw(row_view(), {{"layer", 1},
                                                 {"token", 5},
                                                 {"aggregate", "contribution"},
                                                 {"direction", row ? "row" : "column"}});
      expect_values(figure.arrays[0], with_future(added.square().sum(1).sqrt(), row));
      const auto& bars = std::get<Bars>(figure.panels[1].content).bars;
      for (std::size_t i = 1; i < bars.size(); ++i) EXPECT_LE(bars[i].value, bars[i - 1].value);
      EXPECT_EQ(row_view().pick(figure, 0, 1.1, 0).token, 1);
    }
  }
  const auto seen = text("mha");
  const auto attention =
      capture(*seen.subject, seen.input->input, {tap_name(seen.subject->layer(0), "attention")})
          .tensors.begin()
          ->second[0];
  const auto row = seen.draw(row_view(), {{"channel", 0}}).arrays[0];
  expect_values(row, attention[0][11]);
}

TEST(WallView, NumbersOfTheMatrices) {
  const auto seen = text("hyena");
  const at::NoGradGuard no_grad;
  const auto figure = seen.draw(wall_view(), {{"show", "mean_lag"}, {"channels", {1, 6}}});
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    for (const std::int64_t c : {1, 6}) {
      const auto h = matrix_by_hand(seen, layer, c, false).abs();
      double sum = 0, lag = 0;
      for (std::int64_t t = 0; t < 12; ++t) {
        for (std::int64_t s = 0; s <= t; ++s) {
          sum += h[t][s].item<double>();
          lag += static_cast<double>(t - s) * h[t][s].item<double>();
        }
      }
      EXPECT_NEAR(figure.arrays[0][layer * 2 + (c == 6)], lag / sum, 1e-5);
    }
  }
  EXPECT_EQ(wall_view().pick(figure, 0, 1, 1).channel, 6);
  const auto wall = seen.draw(wall_view(), {{"count", 3}});
  ASSERT_EQ(wall.panels.size(), 6U);
  expect_values(wall.arrays[4], matrix_by_hand(seen, 1, 2, false).abs());
  EXPECT_EQ(wall_view().pick(wall, 4, 0, 0).layer, 1);
  EXPECT_EQ(wall_view().pick(wall, 4, 0, 0).channel, 2);
}

TEST(RolloutView, MultipliesLayers) {
  const auto seen = vision("hyena2d");
  const at::NoGradGuard no_grad;
  auto product = at::eye(9, at::kDouble);
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    auto mean = at::zeros({9, 9}, at::kDouble);
    for (std::int64_t c = 0; c < 8; ++c) mean += matrix_by_hand(seen, layer, c, false).abs();
    const auto step = (mean / mean.sum(1, true) + at::eye(9, at::kDouble)) / 2;
    product = at::matmul(step, product);
  }
  expect_values(seen.draw(rollout_view()).arrays[0], product);
}

const std::vector<View>& all_views() {
  static const std::vector<View> views = {
      gates_view(),    matrix_view(),          row_view(),    wall_view(),     rollout_view(),
      evidence_view(), receptive_field_view(), reader_view(), salience_view(), logit_lens_view()};
  return views;
}

bool serves(const View& view, const Seen& seen) {
  const auto& facts = seen.subject->facts();
  if (facts.vision() ? !view.needs.vision : !view.needs.language) return false;
  return !view.needs.long_filters || facts.layers[0].filters > 0;
}

TEST(InputViews, CancelAndRepeatOnEveryKindOfModel) {
  const auto with_class_token = json{{"class_token", true}, {"pool", "token"}};
  for (const auto& seen : {vision("hyena2d"), vision("hyena_bidirectional"),
                           vision("mha", with_class_token), text("hyena"), text("mha")}) {
    for (const auto& view : all_views()) {
      if (!serves(view, seen)) continue;
      SCOPED_TRACE(view.id + " of " + seen.subject->facts().layers[0].mixer);
      EXPECT_EQ(figure_json(seen.draw(view)).dump(), figure_json(seen.draw(view)).dump());
      for (const std::int64_t after : {0, 1}) {
        std::int64_t calls = 0;
        EXPECT_THROW(seen.draw(view, json::object(),
                               [&](const std::string&, std::int64_t, std::int64_t) {
                                 if (calls++ >= after) throw Cancelled();
                               }),
                     Cancelled);
      }
    }
  }
}

TEST(InputViews, RefusalsAreSentences) {
  const auto refusal = [](const Seen& seen, const View& view, const json& parameters) {
    try {
      seen.draw(view, parameters);
    } catch (const backbone::OptionError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const auto lm = text("hyena"), attention = text("mha");
  EXPECT_NE(refusal(lm, matrix_view(), {{"channel", 8}})
                .find("there is no channel 8; they go from 0 to 7"),
            std::string::npos);
  EXPECT_NE(refusal(lm, row_view(), {{"token", 12}}).find("there is no token 12"),
            std::string::npos);
  EXPECT_NE(refusal(attention, gates_view(), json::object()).find("has no long filters"),
            std::string::npos);
  EXPECT_NE(
      refusal(attention, row_view(), {{"aggregate", "contribution"}}).find("choose aggregate mean"),
      std::string::npos);
  EXPECT_NE(refusal(vision("hyena2d"), receptive_field_view(), {{"folder", "nowhere"}})
                .find("no pictures in the folder nowhere"),
            std::string::npos);
  EXPECT_NE(refusal(vision("hyena2d"), evidence_view(), {{"label", 5}}).find("5"),
            std::string::npos);
}

}  // namespace
}  // namespace hyena::inspect
