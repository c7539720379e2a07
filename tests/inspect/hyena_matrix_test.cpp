#include "inspect/probe/hyena_matrix.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/observer.h"
#include "backbone/ops/short_conv.h"
#include "tests/inspect/small_models.h"
#include "tests/support/files.h"
#include "tests/support/model_case.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"

namespace hyena::inspect {
namespace {

using nlohmann::json;
using tests::close;

struct Case {
  std::string name;
  backbone::ModelConfig config;
};

/// Every kind of mixer with a matrix, in every form its options give it.
std::vector<Case> cases() {
  using tests::small_lm, tests::small_vit;
  const json separable = {{"use_implicit_filter", false}, {"use_separable_conv", true}};
  const json prefix = {{"class_token", true}, {"reg_tokens", 2}, {"pool", "token"}};
  return {
      {"causal", small_lm("hyena")},
      {"causal_order3", small_lm("hyena", {{"order", 3}})},
      {"causal_order4_order_major",
       small_lm("hyena", {{"order", 4}, {"filter_layout", "order_major"}})},
      {"causal_heads", small_lm("hyena", {{"num_heads", 2}})},
      {"causal_heads_order3", small_lm("hyena", {{"num_heads", 4}, {"order", 3}})},
      {"causal_wide", small_lm("hyena", {{"inner_factor", 2}})},
      {"causal_outer", small_lm("hyena", {{"outer_mixing", true}, {"num_heads", 2}})},
      {"causal_short5", small_lm("hyena", {{"short_filter", 5}})},
      {"causal_activation", small_lm("hyena", {{"activation", "gelu"}})},
      {"causal_no_skip", small_lm("hyena", {{"use_bias", false}})},
      {"causal_beyond", small_lm("hyena", {{"l_max", 8}, {"extend", "zero"}})},
      {"causal_picture", small_vit("hyena", json::object(), prefix)},
      {"bidirectional", small_vit("hyena_bidirectional", json::object(), prefix)},
      {"bidirectional_order3", small_vit("hyena_bidirectional", {{"order", 3}})},
      {"bidirectional_heads", small_vit("hyena_bidirectional", {{"num_heads", 2}})},
      {"bidirectional_norm", small_vit("hyena_bidirectional", {{"use_layernorm", true}})},
      {"map", small_vit("hyena2d")},
      {"map_small_kernel", small_vit("hyena2d", {{"long_kernel_size", 3}})},
      {"map_large_kernel", small_vit("hyena2d", {{"long_kernel_size", 9}})},
      {"map_norm", small_vit("hyena2d", {{"use_layernorm", true}})},
      {"map_explicit", small_vit("hyena2d", {{"use_implicit_filter", false}})},
      {"map_separable", small_vit("hyena2d", separable)},
      {"safari_vit",
       {"safari_vit",
        {{"img_size", 12},
         {"patch", 4},
         {"dim", 8},
         {"depth", 2},
         {"num_classes", 5},
         {"mixer", "hyena"}}}},
      {"metaformer",
       {"metaformer",
        {{"img_size", 16},
         {"num_classes", 5},
         {"depths", {1, 1, 1, 1}},
         {"dims", {8, 8, 8, 8}},
         {"mixer", {"hyena2d", "hyena_bidirectional", "hyena", "attention"}}}}},
      {"attention", small_vit("attention", {{"num_heads", 2}, {"qk_norm", true}}, prefix)},
      {"mha", small_lm("mha", {{"num_heads", 2}, {"dwconv", true}})},
      {"mixed", small_lm("hyena", json::object(), {{"attn_layer_idx", {1}}, {"attn_heads", 2}})},
  };
}

at::Tensor input_of(const OpenedSubject& subject) {
  if (!subject.facts().vision()) return tests::small_text();
  at::manual_seed(5);
  const auto side = subject.facts().img_size;
  return at::randn({1, 3, side, side}, subject.options());
}

/// y of one channel by the formula, sum by sum.
at::Tensor direct(const FrozenMixer& m, const at::Tensor& v, std::int64_t c, bool skip) {
  const auto& f = m.filters;
  auto w = v[c].clone();
  for (std::int64_t o = 0; o < m.orders(); ++o) {
    const auto x = w * m.g_in[static_cast<std::size_t>(o)][c];
    auto out = at::zeros_like(x);
    auto to = out.accessor<double, 1>();
    const auto from = x.accessor<double, 1>();
    const std::int64_t row = c % f.taps.size(f.over_map ? 0 : 1);
    const auto taps = f.over_map ? f.taps[row] : f.taps[o][row].unsqueeze(0);
    const auto h = taps.accessor<double, 2>();
    const std::int64_t width = f.over_map ? m.grid.width : m.tokens;
    const std::int64_t first_row = f.over_map ? -(f.taps.size(1) / 2) : 0;
    const std::int64_t first = f.over_map ? -(f.taps.size(2) / 2) : f.first_lag;
    for (std::int64_t t = 0; t < m.tokens; ++t) {
      for (std::int64_t s = 0; s < m.tokens; ++s) {
        const auto a = t / width - s / width - first_row, e = t % width - s % width - first;
        if (a >= 0 && a < taps.size(0) && e >= 0 && e < taps.size(1)) to[t] += h[a][e] * from[s];
      }
    }
    if (skip && f.skip.defined()) out += x * (f.over_map ? f.skip[row] : f.skip[o][row]);
    w = out;
  }
  return w * m.g_out[c];
}

class EachMixer : public testing::TestWithParam<Case> {};

TEST_P(EachMixer, MatrixTimesValueIsWhatTheMixerMade) {
  const auto subject = tests::small_model(GetParam().config);
  const auto input = input_of(*subject);
  for (std::int64_t layer = 0; layer < std::ssize(subject->layers()); ++layer) {
    SCOPED_TRACE(subject->layer(layer).name);
    const auto m = freeze(*subject, input, layer);
    EXPECT_TRUE(
        close(apply(m, m.v) + (m.attention.defined() ? 0 * m.y : constant_part(m)), m.y, 1e-10));
    const std::int64_t width = m.channels / m.matrices();
    std::vector<at::Tensor> y;
    for (std::int64_t c = 0; c < m.channels; ++c) {
      const auto h = matrix(m, c / width, {.skip = true});
      if (m.causal) {
        EXPECT_EQ(h.triu(1).abs().max().item<double>(), 0);
      }
      y.push_back(at::matmul(h, m.v[c]));
      if (!m.attention.defined()) {
        EXPECT_TRUE(close(y.back(), direct(m, m.v, c, true), 1e-10));
        const auto plain = matrix(m, c);
        EXPECT_TRUE(close(at::matmul(plain, m.v[c]), direct(m, m.v, c, false), 1e-10));
      }
    }
    const auto constant = m.attention.defined() ? at::zeros_like(m.y) : constant_part(m);
    EXPECT_TRUE(close(at::stack(y) + constant, m.y, 1e-10));
  }
}

TEST_P(EachMixer, RowsColumnsAndBlocksAreThoseOfTheMatrix) {
  const auto subject = tests::small_model(GetParam().config);
  const auto input = input_of(*subject);
  for (std::int64_t layer = 0; layer < std::ssize(subject->layers()); ++layer) {
    SCOPED_TRACE(subject->layer(layer).name);
    const auto m = freeze(*subject, input, layer);
    for (const bool short_filter : {false, true}) {
      const MatrixOptions o{.skip = true, .short_filter = short_filter};
      std::vector<at::Tensor> all;
      for (std::int64_t c = 0; c < m.matrices(); ++c) all.push_back(matrix(m, c, o));
      const auto h = at::stack(all);  // (C, L, L)
      for (const std::int64_t t : {std::int64_t{0}, m.tokens / 2, m.tokens - 1}) {
        EXPECT_TRUE(close(matrix_rows(m, t, o), h.select(1, t), 1e-10));
        EXPECT_TRUE(close(matrix_columns(m, t, o), h.select(2, t), 1e-10));
      }
      const auto last = m.matrices() - 1;
      const auto part = matrix_block(m, last, 0, m.tokens - 1, 0, m.tokens, o);
      EXPECT_TRUE(close(part, h[last].slice(0, 0, m.tokens - 1), 1e-12));
      EXPECT_TRUE(close(mean_absolute(m, o), h.abs().mean(0), 1e-12));
      const auto maxima = block_maxima(m, 0, 2, o);
      EXPECT_EQ(maxima[0][0].item<double>(),
                h[0].slice(0, 0, 2).slice(1, 0, 2).abs().max().item<double>());
      EXPECT_EQ(maxima.max().item<double>(), h[0].abs().max().item<double>());
    }
    const auto r = at::randn_like(m.y), v = at::randn_like(m.v);
    EXPECT_TRUE(close((r * apply(m, v)).sum().reshape({1}),
                      (apply_transposed(m, r) * v).sum().reshape({1}), 1e-10));
  }
}

TEST_P(EachMixer, ObserversChangeNothingAndSeeWhatTheyAskFor) {
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const auto subject = tests::small_model(GetParam().config, dtype);
    const auto input = subject->place(input_of(*subject));
    for (const bool gradients : {false, true}) {
      const at::AutoGradMode mode(gradients);
      const auto before = run_model(*subject, input).detach().clone();
      std::map<std::string, at::Tensor> seen;
      at::Tensor with, asked;
      {
        const backbone::Observer observer(
            [&](const std::string& name, const at::Tensor& t) { seen[name] = t; });
        with = run_model(*subject, input);
      }
      EXPECT_TRUE(at::equal(with, before));
      EXPECT_TRUE(seen.contains(subject->layer(0).name + ".y"));
      seen.clear();
      {
        const backbone::Observer observer(
            [&](const std::string& name, const at::Tensor& t) { seen[name] = t; },
            [&](const std::string& name) { return name == subject->layer(1).name + ".v"; });
        asked = run_model(*subject, input);
      }
      EXPECT_TRUE(at::equal(asked, before));
      EXPECT_EQ(seen.size(), 1u);
      seen.clear();
      EXPECT_TRUE(at::equal(run_model(*subject, input), before));
      EXPECT_TRUE(seen.empty());
    }
  }
}

TEST_P(EachMixer, CancellingLeavesTheModelUsable) {
  const auto subject = tests::small_model(GetParam().config);
  const auto input = input_of(*subject);
  const auto before = capture(*subject, input, {}).output;
  for (std::int64_t stop = 0; stop < 2; ++stop) {
    const auto cancel = [&](const std::string&, std::int64_t done, std::int64_t) {
      if (done >= stop) throw Cancelled();
    };
    EXPECT_THROW(capture(*subject, input, {}, cancel), Cancelled);
    EXPECT_TRUE(at::equal(capture(*subject, input, {}).output, before));
    EXPECT_FALSE(backbone::observing());
  }
}

INSTANTIATE_TEST_SUITE_P(Mixers, EachMixer, testing::ValuesIn(cases()),
                         [](const auto& case_) { return case_.param.name; });

TEST(Freeze, RefusesWhatIsNoSuchMap) {
  const auto gated = tests::small_model(tests::small_vit("gated"));
  EXPECT_THROW(freeze(*gated, tests::small_picture(), 0), backbone::OptionError);
  EXPECT_THROW(freeze(*gated, tests::small_picture(), 2), backbone::OptionError);
  const auto mixed =
      tests::small_model(tests::small_lm("hyena", {{"num_heads", 2}, {"post_order_ffn", true}}));
  EXPECT_THROW(freeze(*mixed, tests::small_text(), 0), backbone::OptionError);
}

TEST(Capture, KeepsCopiesOfTheRequestedTaps) {
  const auto subject = tests::small_model(tests::small_lm("hyena", {{"order", 3}}));
  const auto taps = list_taps(*subject, tests::small_text());
  for (const char* tensor : {"g_out", "g_in.0", "g_in.1", "v", "product", "y"}) {
    EXPECT_EQ(std::ranges::count(taps, tap_name(subject->layer(1), tensor)), 1) << tensor;
  }
  const auto seen = capture(*subject, tests::small_text(), taps);
  EXPECT_EQ(seen.tensors.size(), taps.size());
  const auto value = seen.tensors.at(tap_name(subject->layer(0), "v"));
  EXPECT_EQ(value.sizes(), at::IntArrayRef({1, 8, 12}));
  EXPECT_TRUE(close(seen.tensors.at(tap_name(subject->layer(0), "product")),
                    value * seen.tensors.at(tap_name(subject->layer(0), "g_in.0")), 1e-12));
  const auto half = capture(*subject, tests::small_text(), {taps[0]}, {}, {.half = true});
  EXPECT_EQ(half.tensors.at(taps[0]).scalar_type(), at::kHalf);
  EXPECT_THROW(capture(*subject, tests::small_text(), {"blocks.9"}), backbone::OptionError);
}

/// With a reference's weights: what follows from H v is what the reference computed.
TEST(HyenaMatrix, CarriesTheReferenceModels) {
  for (const char* name : {"hyena_order2", "hyena_order3_zparam", "mixed_hyena_attention"}) {
    SCOPED_TRACE(name);
    if (!std::filesystem::exists(tests::golden_dir() / "safari_lm" / name)) {
      GTEST_SKIP() << "no reference vectors of safari_lm/" << name;
    }
    const auto reference = tests::read_model_case("safari_lm", name);
    auto model = tests::build_reference<backbone::LanguageModel>(
        reference, {.name = "causal_lm", .options = tests::safari_lm_options(reference.config)});
    model->to(at::kDouble);
    OpenedSubject subject(std::move(model), name);
    const auto ids = reference.io.at("input_ids").slice(0, 0, 1);
    EXPECT_TRUE(
        close(capture(subject, ids, {}).output, reference.io.at("logits").slice(0, 0, 1), 1e-4));
    for (std::int64_t layer = 0; layer < std::ssize(subject.layers()); ++layer) {
      const auto m = freeze(subject, ids, layer);
      const std::int64_t width = m.channels / m.matrices();
      for (const std::int64_t c : {std::int64_t{0}, m.channels - 1}) {
        EXPECT_TRUE(close(matrix(m, c / width, {.skip = true}).matmul(m.v[c]), m.y[c], 1e-10));
      }
    }
  }
}

/// The short filter's own matrix is made by sending units through the convolution.
TEST(HyenaMatrix, ReachesTheTokensBeforeTheShortFilter) {
  for (const auto& config :
       {tests::small_lm("hyena", {{"short_filter", 4}}), tests::small_vit("hyena_bidirectional"),
        tests::small_vit("hyena2d", {{"kernel_size", 3}})}) {
    const auto subject = tests::small_model(config);
    const auto m = freeze(*subject, input_of(*subject), 0);
    const auto& name = subject->layer(0).name;
    const bool map = m.over_map();
    const auto weight =
        subject->model().find(name + (map ? ".depthwise_conv.weight" : ".short_filter.weight"));
    const std::int64_t c = 3, length = m.tokens;
    const auto w = weight[map ? 8 + c : 16 + c].unsqueeze(0);  // the value is stream 1, or 2
    const auto units = at::eye(length, at::kDouble).unsqueeze(1);
    const auto t = map ? backbone::short_conv2d(units.unflatten(2, {3, 3}), w, {}).flatten(1)
                       : backbone::short_conv(units, w, {}, m.causal).squeeze(1);
    // Row r of t is what unit r becomes: the transposed matrix.
    const auto expected = matrix(m, c, {.skip = true}).matmul(t.t());
    EXPECT_TRUE(close(matrix(m, c, {.skip = true, .short_filter = true}), expected, 1e-12));
  }
}

TEST(HyenaMatrix, IsThereInPartsWhereTheWholeIsTooLarge) {
  auto config = tests::small_lm("hyena", nlohmann::json::object(), {{"max_len", 2100}});
  const auto subject = tests::small_model(config);
  const auto m = freeze(*subject, tests::small_text(2100), 0);
  const auto part = matrix_block(m, 3, 2090, 2100, 5, 2098, {.skip = true});
  ASSERT_EQ(part.sizes(), at::IntArrayRef({10, 2093}));
  EXPECT_TRUE(close(part[4], matrix_rows(m, 2094, {.skip = true})[3].slice(0, 5, 2098), 1e-12));
  EXPECT_THROW(mean_absolute(m), backbone::OptionError);
  const auto maxima = block_maxima(m, 3, 700);
  EXPECT_EQ(maxima.sizes(), at::IntArrayRef({3, 3}));
  EXPECT_EQ(maxima[0][2].item<double>(), 0);
  EXPECT_GT(maxima[2][0].item<double>(), 0);
}

TEST(HyenaMatrix, ContributionsAreNormsInTheResidualStream) {
  for (const auto& config :
       {tests::small_lm("hyena"), tests::small_lm("mha", {{"num_heads", 2}})}) {
    const auto subject = tests::small_model(config);
    const auto m = freeze(*subject, tests::small_text(5), 0);
    const auto w = subject->layer(0).mixer->long_filters({}).out_weight;
    const auto found = contributions(m, w, {.skip = true});
    for (std::int64_t t = 0; t < 5; ++t) {
      for (std::int64_t s = 0; s < 5; ++s) {
        auto sum = at::zeros({8}, at::kDouble);
        for (std::int64_t c = 0; c < 8; ++c) {
          const auto h = matrix(m, c / (8 / m.matrices()), {.skip = true})[t][s];
          sum += w.select(1, c) * h * m.v[c][s];
        }
        EXPECT_NEAR(found[t][s].item<double>(), sum.norm().item<double>(), 1e-12);
      }
    }
  }
}

TEST(HyenaMatrix, StatisticsAndRolloutAreTheirSums) {
  const auto subject = tests::small_model(tests::small_vit("hyena2d"));
  const auto m = freeze(*subject, tests::small_picture(), 0);
  const auto w = subject->layer(0).mixer->long_filters({}).out_weight;
  const auto found = statistics(m, {2, 5}, w);
  const auto h = matrix(m, 5).abs();
  double total = 0, lag = 0, diagonal = 0, entropy = 0, energy = 0;
  std::map<double, double> by_distance;
  for (int t = 0; t < 9; ++t) {
    const double row = h[t].sum().item<double>();
    for (int s = 0; s < 9; ++s) {
      const double x = h[t][s].item<double>(), d = std::hypot(t / 3 - s / 3, t % 3 - s % 3);
      total += x;
      lag += x * d;
      if (t == s) diagonal += x;
      entropy -= x / row * std::log(x / row) / 9;
      by_distance[d] += x * x;
      energy += x * x;
    }
  }
  double sum = 0, length = 0;
  for (const auto& [d, e] : by_distance) {
    length = d;
    if ((sum += e) >= 0.9 * energy) break;
  }
  const auto at1 = [](const at::Tensor& t) { return t[1].item<double>(); };
  EXPECT_NEAR(at1(found.mean_lag), lag / total, 1e-12);
  EXPECT_NEAR(at1(found.length_90), length, 1e-12);
  EXPECT_NEAR(at1(found.diagonal_share), diagonal / total, 1e-12);
  EXPECT_NEAR(at1(found.entropy), entropy, 1e-12);
  EXPECT_NEAR(
      at1(found.gate_sparsity),
      (at::cat({m.g_in[0][5], m.g_out[5]}).abs() < 0.05).to(at::kDouble).mean().item<double>(),
      1e-12);
  EXPECT_NEAR(at1(found.contribution),
              m.y[5].abs().mean().item<double>() * w.select(1, 5).norm().item<double>(), 1e-12);

  const auto a = at::rand({4, 4}, at::kDouble), b = at::rand({4, 4}, at::kDouble);
  const auto step = [](const at::Tensor& x) {
    return (x / x.sum(1, true) + at::eye(4, at::kDouble)) / 2;
  };
  EXPECT_TRUE(close(rollout({a, b}), step(b).matmul(step(a)), 1e-12));
}

}  // namespace
}  // namespace hyena::inspect
