#include "datasets/mixing.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/datasets/replayed_draws.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;
using tests::close;

class GoldenMixing : public testing::Test {
 protected:
  void SetUp() override {
    const auto stem = tests::golden_dir() / "train" / "mixup";
    HYENA_REQUIRE_FOLDER(stem.parent_path());
    tensors_ = tests::read_tensors(stem.string() + ".safetensors");
    config_ = tests::read_config(stem.string() + ".json");
    x_ = tensors_.at("x");
    size_ = {x_.size(2), x_.size(3)};
  }
  at::Tensor targets(double lambda, double smoothing) {
    return mix_targets(tensors_.at("y"), config_.at("num_classes"), lambda, smoothing);
  }

  tests::TensorMap tensors_;
  json config_;
  at::Tensor x_;
  Size size_;
};

TEST_F(GoldenMixing, MixupOfGivenLambda) {
  int compared = 0;
  for (const auto& [name, expected] : tensors_) {
    if (!name.starts_with("mixup_0")) continue;
    const double lambda = std::stod(name.substr(6));
    if (name.ends_with(".x")) {
      EXPECT_TRUE(close(mix_images(x_, {lambda, {}}), expected, 1e-12)) << name;
    } else {
      const double smoothing = std::stod(name.substr(name.find("smooth") + 6));
      EXPECT_TRUE(close(targets(lambda, smoothing), expected, 1e-12)) << name;
    }
    ++compared;
  }
  EXPECT_GE(compared, 6);
}

TEST_F(GoldenMixing, CutMixOfGivenLambdaAndCentre) {
  int compared = 0;
  for (const auto& c : config_.at("cases")) {
    if (!c.contains("lam")) continue;
    const MixPlan plan = cutmix_plan(size_, c.at("lam"), c.at("cy"), c.at("cx"));
    const std::string name = "cutmix_" + c.at("index").dump();
    ASSERT_TRUE(plan.box.has_value());
    const Box& box = *plan.box;
    EXPECT_EQ(json::array({box.top, box.top + box.height, box.left, box.left + box.width}),
              c.at("box"));
    EXPECT_NEAR(plan.lambda, c.at("lam_corrected").get<double>(), 1e-12);
    EXPECT_TRUE(close(mix_images(x_, plan), tensors_.at(name + ".x"), 1e-12)) << name;
    EXPECT_TRUE(close(targets(plan.lambda, 0.1), tensors_.at(name + ".target_smooth0.1"), 1e-12))
        << name;
    ++compared;
  }
  EXPECT_GE(compared, 5);
}

TEST_F(GoldenMixing, WholeMixupObjectReplayingItsDraws) {
  const MixingOptions options{.mixup = 0.8, .cutmix = 1.0};
  int compared = 0;
  for (const auto& c : config_.at("cases")) {
    if (!c.contains("mixup_object")) continue;
    tests::ReplayedDraws draws(c.at("draws"));
    const MixPlan plan = plan_mixing(options, size_, draws);
    EXPECT_TRUE(draws.used_up());
    const std::string name = "mixup_object_" + c.at("mixup_object").dump();
    EXPECT_TRUE(close(mix_images(x_, plan), tensors_.at(name + ".x"), 1e-12)) << name;
    EXPECT_TRUE(close(targets(plan.lambda, config_.at("label_smoothing")),
                      tensors_.at(name + ".target"), 1e-12))
        << name;
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

TEST(Mixing, HappensWithItsProbabilities) {
  const MixingOptions options{
      .mixup = 0.8, .cutmix = 1, .mixup_prob = 0.6, .mixup_switch_prob = 0.25};
  int mixed = 0, cut = 0;
  double lambda = 0;
  for (int batch = 0; batch < 10000; ++batch) {
    const MixPlan plan = plan_mixing(options, {32, 32}, 1, 0, batch);
    mixed += plan.lambda < 1 || plan.box.has_value();
    cut += plan.box.has_value();
    if (!plan.box) lambda += plan.lambda;
  }
  EXPECT_NEAR(mixed, 6000, 200);
  EXPECT_NEAR(cut, 1500, 145);
  EXPECT_NEAR(lambda, 4000 + 4500 * 0.5, 100);
}

TEST(Mixing, IsOffWithoutAlphasAndRepeatsForABatch) {
  EXPECT_EQ(plan_mixing(MixingOptions{}, {8, 8}, 1, 2, 3).lambda, 1);
  const MixingOptions options{.mixup = 0.8};
  const double lambda = plan_mixing(options, {8, 8}, 1, 2, 3).lambda;
  EXPECT_EQ(plan_mixing(options, {8, 8}, 1, 2, 3).lambda, lambda);
  EXPECT_NE(plan_mixing(options, {8, 8}, 1, 2, 4).lambda, lambda);
  EXPECT_NE(plan_mixing(options, {8, 8}, 1, 3, 3).lambda, lambda);
}

TEST(Mixing, LeavesItsInputAlone) {
  const auto x = at::rand({4, 3, 8, 8});
  const auto copy = x.clone();
  mix_images(x, {0.3, {}});
  mix_images(x, cutmix_plan({8, 8}, 0.3, 4, 4));
  EXPECT_TRUE(x.equal(copy));
}

TEST(MixTargets, WithoutMixingAreSmoothedOneHot) {
  const auto targets = mix_targets(at::tensor({2, 0}, at::kLong), 4, 1, 0.2);
  EXPECT_EQ(targets.scalar_type(), at::kFloat);
  EXPECT_TRUE(close(
      targets, at::tensor({0.05, 0.05, 0.85, 0.05, 0.85, 0.05, 0.05, 0.05}).view({2, 4}), 1e-7));
}

}  // namespace
}  // namespace hyena::datasets
