#include "train/losses.h"

#include <functional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "backbone/options.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::train {
namespace {

using tests::close;
using tests::TensorMap;

std::filesystem::path file() {
  return tests::golden_dir() / "train" / "losses.safetensors";
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  if (!std::filesystem::exists(file())) return names;
  for (const auto& [key, tensor] : tests::read_tensors(file())) {
    if (key.ends_with(".loss")) names.push_back(key.substr(0, key.size() - 5));
  }
  return names;
}

class GoldenLoss : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenLoss);

TEST_P(GoldenLoss, EqualsTheReferenceWithGradient) {
  const std::string& name = GetParam();
  TensorMap t = tests::read_tensors(file());
  const auto x = t.at("logits").set_requires_grad(true);
  const auto labels = t.at("labels");
  const auto soft = t.at("soft_targets");
  const auto begins = [&](const char* text) { return name.starts_with(text); };
  const auto number = [&] { return std::stod(name.substr(name.find_first_of("0123456789"))); };

  at::Tensor loss;
  if (name == "soft_target_ce") {
    loss = make_loss({.loss = "ce", .smoothing = 0.1})(x, soft);  // mixing has smoothed already
  } else if (begins("torch_ce_soft_smoothing_")) {
    loss = cross_entropy(x, soft, number());
  } else if (begins("label_smoothing_ce_") || begins("torch_ce_smoothing_")) {
    loss = make_loss({.loss = "ce", .smoothing = number()})(x, labels);
  } else if (begins("bce_smoothing")) {
    loss = make_loss({.loss = "bce", .smoothing = number()})(x, labels);
  } else if (name == "bce_soft_targets") {
    loss = make_loss({.loss = "bce", .smoothing = 0.1})(x, soft);
  } else if (begins("bce_threshold_")) {
    loss = make_loss({.loss = "bce", .bce_target_thresh = number()})(x, soft);
  } else if (name == "bce_sum_classes") {
    loss = make_loss({.loss = "bce", .smoothing = 0.1, .bce_sum = true})(x, labels);
  } else {
    GTEST_SKIP() << "no loss like " << name;
  }
  loss.backward();
  EXPECT_TRUE(close(loss.reshape({1}), t.at(name + ".loss"), 1e-10));
  EXPECT_TRUE(close(x.grad(), t.at(name + ".grad"), 1e-10));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenLoss, testing::ValuesIn(case_names()),
                         [](const auto& run) { return tests::test_name(run.param); });

TEST(Losses, LabelsAreOneHotProbabilities) {
  const auto x = at::randn({6, 5}, at::kDouble);
  const auto labels = at::ones({6}, at::kLong).cumsum(0).remainder(5);
  const auto one_hot = at::one_hot(labels, 5).to(at::kDouble);
  EXPECT_TRUE(close(cross_entropy(x, labels, 0.2), cross_entropy(x, one_hot, 0.2), 1e-14));
  EXPECT_TRUE(close(bce_with_logits(x, labels), bce_with_logits(x, one_hot), 1e-14));
}

TEST(Losses, SixteenBitLogitsAreComputedInFloat32) {
  const auto x = at::randn({6, 5}).to(at::kBFloat16);
  const auto labels = at::ones({6}, at::kLong);
  for (const LossEntry& entry : loss_registry()) {
    const auto loss = entry.make({})(x, labels);
    EXPECT_EQ(loss.scalar_type(), at::kFloat) << entry.name;
    EXPECT_TRUE(close(loss, entry.make({})(x.to(at::kFloat), labels), 1e-7)) << entry.name;
  }
}

TEST(Losses, IgnoredLabelsDoNotCount) {
  const auto x = at::randn({4, 5}, at::kDouble);
  auto labels = at::ones({4}, at::kLong);
  labels[3].fill_(-100);
  EXPECT_TRUE(close(cross_entropy(x, labels, 0.1),
                    cross_entropy(x.slice(0, 0, 3), labels.slice(0, 0, 3), 0.1), 1e-14));
}

TEST(Losses, AnUnknownNameNamesTheNearest) {
  try {
    make_loss({.loss = "bcee"});
    FAIL();
  } catch (const backbone::OptionError& error) {
    EXPECT_STREQ(error.what(), "loss: none is called 'bcee'; did you mean 'bce'?");
  }
}

}  // namespace
}  // namespace hyena::train
