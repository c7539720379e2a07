#include "backbone/hyena_operator.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using tests::close;

class GoldenOperator : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenOperator);

TEST_P(GoldenOperator, EqualsTheReferenceWithGradients) {
  const auto stem = tests::golden_dir() / "operator" / GetParam();
  const auto config = tests::read_config(stem.string() + ".json");
  auto t = tests::read_tensors(stem.string() + ".safetensors");
  HyenaOptions options = tests::reference_hyena_options(config);
  if (config.at("reference").get<std::string>().find("(o d)") != std::string::npos) {
    options.filter_layout = "order_major";
  }
  const bool truncated = config.at("seq_len") > config.at("l_max");

  HyenaOperator op(config.at("d_model"), options);
  op.to(at::kDouble);
  tests::load_reference(op, t, "param.");
  auto u = t["u"];
  if (truncated) {
    EXPECT_THROW(op.forward(u), OptionError);
    u = u.slice(1, 0, options.l_max);  // the reference drops the rest silently
  }
  u = u.detach().clone().set_requires_grad(true);
  if (t.contains("filter")) {
    EXPECT_TRUE(close(op.filter().forward(std::min(u.size(1), options.l_max)), t["filter"], 1e-10));
  }
  const auto y = op.forward(u);
  EXPECT_TRUE(close(y, t["y"], 1e-10));
  if (!t.contains("c")) return;
  (y * t["c"]).sum().backward();
  EXPECT_TRUE(
      close(u.grad(), truncated ? t["grad.u"].slice(1, 0, options.l_max) : t["grad.u"], 1e-10));
  EXPECT_TRUE(tests::gradients_close(op, t, 1e-10));
}

TEST_P(GoldenOperator, Float32StaysNearTheFloat64File) {
  const auto stem = tests::golden_dir() / "operator" / GetParam();
  const auto config = tests::read_config(stem.string() + ".json");
  auto t = tests::read_tensors(stem.string() + ".safetensors");
  if (config.at("seq_len") > config.at("l_max") || !config.contains("fp32_rel_err_of_reference")) {
    GTEST_SKIP() << "no float32 figure for this case";
  }
  HyenaOperator op(config.at("d_model"), tests::reference_hyena_options(config));
  tests::load_reference(op, t, "param.");
  const bool steep = config.value("w", 1.0) >= 14 || config.value("num_inner_mlps", 2) >= 3;
  EXPECT_TRUE(close(op.forward(t["u"].to(at::kFloat)), t["y"], steep ? 5e-5 : 1e-5));
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenOperator, testing::ValuesIn(tests::golden_cases("operator")),
                         [](const auto& case_) { return tests::test_name(case_.param); });

/// HyenaPixel's centred operator H_b, and its causal form with the reversed window.
class GoldenCentredOperator : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenCentredOperator);

TEST_P(GoldenCentredOperator, EqualsTheReferenceWithGradients) {
  if (!GetParam().starts_with("operator_hb")) GTEST_SKIP() << "a 2-D operator, tested elsewhere";
  const auto stem = tests::golden_dir() / "hyenapixel" / GetParam();
  const auto config = tests::read_config(stem.string() + ".json");
  auto t = tests::read_tensors(stem.string() + ".safetensors");
  HyenaOptions options = tests::reference_hyena_options(config);
  options.filter.compat_reversed_window = config.at("is_causal");
  if (options.order > 2) options.filter_layout = "order_major";
  HyenaOperator op(config.at("dim"), options, /*centred=*/true);
  op.to(at::kDouble);
  tests::load_reference(op, t, "param.");
  const auto u = t["u"].flatten(1, 2).detach().clone().set_requires_grad(true);
  EXPECT_TRUE(close(op.filter().forward(u.size(1)), t["filter"], 1e-10));
  const auto y = op.forward(u);
  EXPECT_TRUE(close(y, t["y"].flatten(1, 2), 1e-10));
  if (!t.contains("c")) return;
  (y * t["c"].flatten(1, 2)).sum().backward();
  EXPECT_TRUE(close(u.grad(), t["grad.u"].flatten(1, 2), 1e-10));
  EXPECT_TRUE(tests::gradients_close(op, t, 1e-10));
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenCentredOperator,
                         testing::ValuesIn(tests::golden_cases("hyenapixel")),
                         [](const auto& case_) { return tests::test_name(case_.param); });

HyenaOptions small(std::int64_t l_max) {
  HyenaOptions options;
  options.l_max = l_max;
  options.filter.emb_dim = 5;
  options.filter.filter_order = 8;
  options.filter.w = 3;
  return options;
}

TEST(HyenaOperator, IsCausalUnlessCentred) {
  at::manual_seed(7);
  for (const bool centred : {false, true}) {
    HyenaOperator op(6, small(12), centred);
    op.to(at::kDouble);
    const auto u = at::randn({1, 12, 6}, at::kDouble);
    auto changed = u.clone();
    changed[0][8] += 1;
    const auto before = (op.forward(changed) - op.forward(u)).slice(1, 0, 8).norm().item<double>();
    if (centred) {
      EXPECT_GT(before, 1e-6);
    } else {
      EXPECT_LT(before, 1e-13);
    }
  }
}

/// The formula with explicit sums over positions, for any order, heads and width.
at::Tensor direct(HyenaOperator& op, const at::Tensor& u) {
  const HyenaOptions& o = op.options();
  const std::int64_t length = u.size(1), heads = o.num_heads;
  const auto weight = op.find("short_filter.weight"), short_bias = op.find("short_filter.bias");
  const auto p = at::linear(u, op.find("in_proj.weight"), op.find("in_proj.bias"));  // (B, L, C)
  auto s = short_bias.expand_as(p).clone();
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t j = 0; j < std::min(o.short_filter, t + 1); ++j) {
      s.select(1, t) += weight.select(2, o.short_filter - 1 - j).squeeze(1) * p.select(1, t - j);
    }
  }
  const std::int64_t width = p.size(2) / (o.order + 1), head_dim = width / heads;
  const auto h = op.filters(length);  // (N-1, head_dim, L)
  auto bias = op.filter().bias.view({head_dim, o.order - 1}).t();
  std::vector<at::Tensor> out;
  for (std::int64_t head = 0; head < heads; ++head) {
    const auto part = [&](std::int64_t n) {
      return s.slice(2, (head * (o.order + 1) + n) * head_dim,
                     (head * (o.order + 1) + n + 1) * head_dim);
    };
    auto v = part(o.order);
    for (std::int64_t n = 0; n + 1 < o.order; ++n) {
      v = v * part(o.order - 1 - n);
      auto y = v * bias[n];
      for (std::int64_t t = 0; t < length; ++t) {
        for (std::int64_t a = 0; a <= t; ++a) {
          y.select(1, t) += h[n].select(1, a) * v.select(1, t - a);
        }
      }
      v = y;
    }
    out.push_back(v * part(0));
  }
  return at::linear(at::cat(out, 2), op.find("out_proj.weight"), op.find("out_proj.bias"));
}

TEST(HyenaOperator, HeadsAndWidthFollowTheFormula) {
  at::manual_seed(8);
  const at::NoGradGuard no_grad;
  for (const std::int64_t order : {2, 3, 5}) {
    for (const std::int64_t heads : {1, 2, 3}) {
      for (const std::int64_t factor : {1, 2}) {
        auto options = small(10);
        options.order = order;
        options.num_heads = heads;
        options.inner_factor = factor;
        HyenaOperator op(6, options);
        op.to(at::kDouble);
        const auto u = at::randn({2, 9, 6}, at::kDouble);
        EXPECT_TRUE(close(op.forward(u), direct(op, u), 1e-12))
            << "order " << order << ", heads " << heads << ", inner_factor " << factor;
      }
    }
  }
}

TEST(HyenaOperator, GradientsEqualCentralDifferences) {
  at::manual_seed(9);
  auto options = small(6);
  options.order = 3;
  options.post_order_ffn = true;
  options.num_heads = 2;
  HyenaOperator op(4, options);
  op.to(at::kDouble);
  std::vector<at::Tensor> inputs = {at::randn({1, 5, 4}, at::kDouble).set_requires_grad(true)};
  for (const auto& parameter : op.parameters()) inputs.push_back(parameter.tensor);
  const auto c = at::randn({1, 5, 4}, at::kDouble);
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(),
                              [](const at::Tensor& t) { return t.numel() > 40; }),
               inputs.end());
  const double error = tests::gradient_error(
      [&](const std::vector<at::Tensor>& in) { return (op.forward(in[0]) * c).sum(); }, inputs);
  EXPECT_LT(error, 1e-6);
}

TEST(HyenaOperator, LongerSequencesNeedAnExtension) {
  at::manual_seed(10);
  HyenaOperator refuses(4, small(8));
  try {
    refuses.forward(at::randn({1, 9, 4}));
    FAIL() << "a sequence longer than l_max was accepted";
  } catch (const OptionError& error) {
    EXPECT_STREQ(
        error.what(),
        "a sequence of 9 tokens is longer than the filter's l_max 8; use --extend zero (h = 0 "
        "beyond) or --extend evaluate (the filter is evaluated past the trained range)");
  }
  for (const bool centred : {false, true}) {
    for (const char* mode : {"zero", "evaluate"}) {
      at::manual_seed(11);
      auto options = small(8);
      options.filter.extend = mode;
      HyenaOperator op(4, options, centred);
      const auto h = op.filter().forward(12);
      const auto trained = op.filter().forward(8);
      if (options.filter.extend == "zero") {
        EXPECT_TRUE(h.equal(trained));
      } else {
        EXPECT_EQ(h.size(1), centred ? 23 : 12);
        EXPECT_TRUE(close(h.slice(1, centred ? 4 : 0, centred ? 19 : 8), trained, 1e-6));
        EXPECT_GT(h.slice(1, h.size(1) - 1).norm().item<double>(), 0);
      }
      EXPECT_EQ(op.forward(at::randn({1, 12, 4})).size(1), 12);
    }
  }
}

TEST(HyenaOperator, OuterMixingWithDropoutKeepsItsExpectation) {
  at::manual_seed(12);
  auto options = small(8);
  options.outer_mixing = true;
  HyenaOperator plain(4, options);
  options.dropout = 0.5;
  HyenaOperator dropped(4, options);
  for (auto& entry : dropped.state()) dropped.replace(entry.name, plain.find(entry.name));
  const auto u = at::randn({1, 8, 4});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(close(dropped.forward(u), plain.forward(u), 1e-6));  // off while evaluating
  dropped.train();
  auto mean = at::zeros_like(u);
  for (int i = 0; i < 4000; ++i) mean += dropped.forward(u) / 4000;
  EXPECT_TRUE(close(mean, plain.forward(u), 5e-2));
}

}  // namespace
}  // namespace hyena::backbone
