#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

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

TEST(EvidenceView, EveryMethodAddsUpToWhatItShould) {
  const auto seen = vision("hyena2d");
  const auto& x = seen.input->input;
  const auto map = [&](const char* method) {
    const auto figure = seen.draw(
        evidence_view(),
        {{"method", method}, {"label", 2}, {"contrast", 4}, {"patch", 4}, {"steps", 300}});
    const auto& a = figure.arrays[0];
    return at::tensor(at::ArrayRef<float>(a.data(), static_cast<std::size_t>(a.size())))
        .to(at::kDouble);
  };
  const auto score = [&](const at::Tensor& picture) {
    const at::NoGradGuard no_grad;
    const auto logits = run_model(*seen.subject, picture)[0];
    return (logits[2] - logits[4]).item<double>();
  };
  EXPECT_NEAR(map("integrated_gradients").sum().item<double>(), score(x) - score(at::zeros_like(x)),
              1e-3);
  auto hidden = x.clone();
  hidden.slice(2, 4, 8).slice(3, 8, 12).zero_();
  EXPECT_NEAR(map("occlusion")[5].item<double>(), score(x) - score(hidden), 1e-5);
  // Along the picture itself: d score(a x) / da at a = 1.
  const double slope = (score(x * 1.0001) - score(x * 0.9999)) / 0.0002;
  EXPECT_NEAR(map("gradient_times_input").sum().item<double>(), slope,
              1e-3 * std::max(1.0, std::abs(slope)));
  const auto hires = map("hires_cam").sum().item<double>();
  // Without bias and offset y = H v, so both share one sum; the maps differ.
  EXPECT_NEAR(map("matrix").sum().item<double>(), hires, 1e-4 * std::max(1.0, std::abs(hires)));
  EXPECT_GE(map("grad_cam").min().item<double>(), 0);
  EXPECT_GE(map("layer_cam").min().item<double>(), 0);
}

TEST(EvidenceView, ChecksAndClasses) {
  const auto seen = vision("hyena_bidirectional");
  const auto figure = seen.draw(evidence_view(), {{"deletion", true}, {"randomised", true}});
  ASSERT_EQ(figure.panels.size(), 5U);
  EXPECT_TRUE(figure.panels[2].subtitle.starts_with("rank correlation"));
  const at::NoGradGuard no_grad;
  const auto logits = run_model(*seen.subject, seen.input->input)[0];
  const auto& curve = std::get<Lines>(figure.panels[3].content).curves[0];
  EXPECT_NEAR(curve.y[0], logits.max().item<double>(), 1e-5);
  EXPECT_NEAR(curve.y[curve.y.size() - 1],
              run_model(*seen.subject,
                        at::zeros_like(seen.input->input))[0][logits.argmax().item<std::int64_t>()]
                  .item<double>(),
              1e-5);
  const auto& bars = std::get<Bars>(figure.panels[4].content).bars;
  double sum = 0;
  for (const auto& bar : bars) sum += bar.value;
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_TRUE(bars[0].focus);
  EXPECT_EQ(evidence_view().pick(figure, 4, 0.1, 0.5).label, logits.argmax().item<std::int64_t>());
  EXPECT_EQ(evidence_view().pick(figure, 1, 2, 1).token, 5);
}

TEST(ReceptiveFieldView, PictureAndText) {
  const auto seen = vision("hyena2d");
  const auto figure = seen.draw(receptive_field_view(), {{"scale", "raw"}});
  auto x = seen.input->input.clone().requires_grad_(true);
  const auto features = seen.subject->vision().forward_features(x);
  (features.dim() == 4 ? features[0][1][1] : features[0][4]).relu().sum().backward();
  expect_values(figure.arrays[0], x.grad()[0].relu().sum(0));

  const auto lm = text("hyena");
  const auto lags = lm.draw(receptive_field_view(), {{"positions", 1}}).arrays[0];
  // One position: the last that has a loss, token 10.
  auto& model = lm.subject->language();
  const auto e = model.embed(lm.input->input, 0).hidden.detach().requires_grad_(true);
  const auto p = run_model(*lm.subject, e)[0][10].slice(0, 0, 23).log_softmax(0);
  (-p[lm.input->tokens[11]]).backward();
  for (std::int64_t lag = 0; lag <= 10; ++lag) {
    EXPECT_NEAR(lags[lag], e.grad()[0][10 - lag].norm().item<double>(), 1e-5);
  }
}

TEST(ReaderView, LossRankAlternativesAndBits) {
  const auto seen = text("hyena");
  const at::NoGradGuard no_grad;
  const auto p = run_model(*seen.subject, seen.input->input)[0].slice(1, 0, 23).softmax(1);
  const auto figure = seen.draw(reader_view(), {{"token", 4}, {"top", 3}});
  double sum = 0;
  for (std::int64_t t = 1; t < 12; ++t) {
    const double own = p[t - 1][seen.input->tokens[static_cast<std::size_t>(t)]].item<double>();
    EXPECT_NEAR(figure.arrays[0][t], -std::log(own), 1e-5);
    sum -= std::log(own);
  }
  char bits[32];
  std::snprintf(bits, sizeof bits, "%.3f bits per byte", sum / std::numbers::ln2 / 22);
  EXPECT_NE(figure.subtitle.find(bits), std::string::npos) << figure.subtitle << bits;
  const auto& table = std::get<Table>(figure.panels[1].content);
  const auto best = p[3].argmax().item<std::int64_t>();
  EXPECT_EQ(table.rows[0][2], std::to_string(best));
  EXPECT_EQ(
      std::ranges::count_if(table.rows, [](const auto& row) { return row[5] == "in the text"; }),
      1);
  EXPECT_EQ(seen.draw(reader_view(), {{"token", 12}}).panels[1].title, "Expected behind the text");
  EXPECT_THROW(seen.draw(reader_view(), {{"token", 13}}), backbone::OptionError);
}

TEST(SalienceView, SumsOverPieces) {
  const auto seen = text("hyena");
  const json asked = {
      {"token", 9}, {"target", "id 3"}, {"contrast", "id 5"}, {"method", "times_embedding"}};
  const auto figure = seen.draw(salience_view(), asked);
  auto& model = seen.subject->language();
  const auto e = model.embed(seen.input->input, 0).hidden.detach().requires_grad_(true);
  const auto logits = run_model(*seen.subject, e)[0][9];
  (logits[3] - logits[5]).backward();
  const auto expected = (e.grad()[0] * e.detach()[0]).sum(1);
  expect_values(figure.arrays[0], expected);
  json words = asked;
  words["pieces"] = "word";
  const auto summed = seen.draw(salience_view(), words);
  // Words begin at 0, at " b" and behind the line's end: 0, 4, 9.
  const auto& strip = std::get<TokenStrip>(summed.panels[0].content);
  ASSERT_EQ(strip.pieces, (std::vector<std::string>{"xyxyxyxy", " bxyxyxya\n", "xy"}));
  EXPECT_NEAR(strip.values[1], expected.slice(0, 4, 9).sum().item<double>(), 1e-5);
  EXPECT_EQ(salience_view().pick(summed, 0, 1, 0).token, 4);
  EXPECT_THROW(seen.draw(salience_view(), {{"target", "x"}}), backbone::OptionError);
}

TEST(LogitLensView, LastRowIsTheModel) {
  const auto seen = text("hyena");
  const at::NoGradGuard no_grad;
  const auto p = run_model(*seen.subject, seen.input->input)[0].slice(1, 0, 23).softmax(1);
  const auto figure = seen.draw(logit_lens_view(), {{"count", 5}});
  const auto& map = std::get<HeatMap>(figure.panels[0].content);
  for (std::int64_t t = 7; t < 12; ++t) {
    EXPECT_NEAR(map.cells[2 * 5 + t - 7], p[t].max().item<double>(), 1e-5);
    EXPECT_EQ(map.texts[static_cast<std::size_t>(2 * 5 + t - 7)],
              std::to_string(p[t].argmax().item<std::int64_t>()));
  }
  const auto again = figure_from_json(figure_json(figure));
  EXPECT_EQ(std::get<HeatMap>(again.panels[0].content).texts, map.texts);
  EXPECT_EQ(logit_lens_view().pick(figure, 0, 8.2, 1.1).token, 8);
  EXPECT_EQ(logit_lens_view().pick(figure, 0, 8.2, 1.1).layer, 0);
}

}  // namespace
}  // namespace hyena::inspect
