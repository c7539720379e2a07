#include "train/ema.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::train {
namespace {

using tests::close;

class Model : public backbone::Module {
 public:
  explicit Model(const at::Tensor& start) {
    w = add_parameter("w", start.clone());
    add_alias("tied", "w");
    buf = add_buffer("buf", at::ones({2}, at::kDouble).cumsum(0));
    count = add_buffer("count", at::zeros({}, at::kLong));
  }
  at::Tensor w, buf, count;
};

/// The reference file holds the states after the last of five updates (under every "afterN"), in
/// which the model's buffer grew by 1.5 and its counter by 1 each time. The weights' way there is
/// not in the file; the next test follows weights.
class GoldenEma : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenEma);

std::filesystem::path file() {
  return tests::golden_dir() / "train" / "ema.safetensors";
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  if (!std::filesystem::exists(file())) return names;
  for (const auto& [key, tensor] : tests::read_tensors(file())) {
    const std::string suffix = ".after4.buf";
    if (key.ends_with(suffix) && !key.starts_with("model.")) {
      names.push_back(key.substr(0, key.size() - suffix.size()));
    }
  }
  return names;
}

TEST_P(GoldenEma, EqualsTheReference) {
  const std::string& name = GetParam();
  const auto t = tests::read_tensors(file());
  EmaOptions options{.form = name.substr(0, 2),
                     .decay = name.find("decay") == std::string::npos
                                  ? 0.9998
                                  : std::stod(name.substr(name.find("decay") + 5)),
                     .warmup = name.ends_with("warmup")};
  if (options.warmup) {  // 1 − 2^−power at the second update; the power stands nowhere else
    options.warmup_power = -std::log2(1 - t.at(name + ".decay2").item<double>());
  }
  Model model(t.at("start.w"));
  Ema ema(model, options);
  for (int i = 0; i < 5; ++i) {
    const at::NoGradGuard no_grad;
    model.buf.mul_(1.5);
    model.count.add_(1);
    ema.update(model, i);
    const auto decay = t.find(name + ".decay" + std::to_string(i));
    if (decay != t.end()) {
      EXPECT_NEAR(ema.decay_at(i), decay->second.item<double>(), 1e-15);
    }
  }
  EXPECT_TRUE(close(model.buf, t.at("model.after4.buf"), 1e-15));
  EXPECT_TRUE(close(ema.state().at("buf"), t.at(name + ".after4.buf"), 1e-12));
  EXPECT_TRUE(at::equal(ema.state().at("count"), t.at(name + ".after4.count")));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenEma, testing::ValuesIn(case_names()),
                         [](const auto& run) { return tests::test_name(run.param); });

TEST(Ema, AveragesWeightsByTheDefinition) {
  for (const std::string form : {"v2", "v3"}) {
    Model model(at::randn({4, 3}, at::kDouble));
    Ema ema(model, {.form = form, .decay = 0.9, .warmup = form == "v3", .start = 1});
    auto expected = model.w.detach().clone();
    for (int i = 1; i <= 6; ++i) {
      const at::NoGradGuard no_grad;
      model.w.add_(at::randn({4, 3}, at::kDouble));
      ema.update(model, i);
      const double t = i - 2;
      const double grown = t <= 0 ? 0 : std::min(0.9, 1 - std::pow(1 + t, -2.0 / 3));
      const double d = form == "v2" ? 0.9 : grown;
      expected = expected * d + model.w * (1 - d);
      EXPECT_TRUE(close(ema.state().at("w"), expected, 1e-14)) << form << i;
    }
  }
}

TEST(Ema, SwapsInAndBackWithoutCopying) {
  Model model(at::randn({4, 3}));
  Ema ema(model, {.form = "v2", .decay = 0.5});
  const auto trained = model.w.detach().clone().add_(1);
  {
    const at::NoGradGuard no_grad;
    model.w.add_(1);
  }
  ema.update(model, 1);
  const auto average = ema.state().at("w").clone();
  model.w.mutable_grad() = at::ones({4, 3});
  const void* place = model.w.data_ptr();
  {
    const Ema::Swapped swapped(ema, model);
    EXPECT_TRUE(at::equal(model.w, average));
    EXPECT_TRUE(at::equal(model.find("tied"), average));
    EXPECT_TRUE(model.w.requires_grad());
  }
  EXPECT_TRUE(close(model.w, trained, 1e-7));
  EXPECT_EQ(model.w.data_ptr(), place);
  EXPECT_TRUE(at::equal(ema.state().at("w"), average));
  EXPECT_TRUE(model.w.grad().defined());
}

TEST(Ema, ResumesFromItsState) {
  Model model(at::randn({4, 3}));
  Ema ema(model, {.form = "v2", .decay = 0.5});
  {
    const at::NoGradGuard no_grad;
    model.w.add_(1);
  }
  ema.update(model, 1);
  EXPECT_FALSE(ema.state().contains("tied"));
  Ema other(model, {.form = "v2", .decay = 0.5});
  other.load_state(ema.state());
  EXPECT_TRUE(at::equal(other.state().at("w"), ema.state().at("w")));

  auto bad = ema.state();
  bad.erase("buf");
  try {
    other.load_state(bad);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "moving average: 'buf' is missing; the state belongs to another model");
  }
  bad["buf"] = at::ones({3});
  EXPECT_THROW(other.load_state(bad), std::runtime_error);
}

}  // namespace
}  // namespace hyena::train
