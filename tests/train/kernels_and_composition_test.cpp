#include <cmath>
#include <optional>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "backbone/ops/fftconv.h"
#include "backbone/vision_model.h"
#include "train/train_step.h"

/// Training on our kernels and on the composition of LibTorch's operations gives one loss curve.
namespace hyena::train {
namespace {

struct Case {
  const char* name;
  backbone::ModelConfig config;
  std::vector<std::int64_t> image;  ///< C, H, W
};

std::vector<double> losses(const Case& c, bool composed) {
  constexpr std::int64_t kSteps = 20, kBatch = 8;
  std::optional<backbone::Composition> composition;
  if (composed) composition.emplace();
  at::manual_seed(11);
  const auto model = backbone::make_model<backbone::VisionModel>(c.config);
  const auto schedule = make_schedule({.sched = "constant"}, 1, kSteps);
  const auto optimizer =
      make_optimizer(make_parameter_groups(*model, {.lr = 1e-3, .weight_decay = 0.05}), {});
  const Loss loss = make_loss({});
  Updates updates(*model, *optimizer, *schedule, {.clip_grad = 1.0});
  model->train(true);
  std::vector<double> out;
  for (std::int64_t t = 0; t < kSteps; ++t) {
    const auto labels = at::arange(kBatch).remainder(4);
    // Learnable: the label shifts a wave, under noise.
    auto images = at::randn({kBatch, c.image[0], c.image[1], c.image[2]});
    images += (at::arange(c.image[2]).to(at::kFloat) / 3 + labels.view({-1, 1, 1, 1})).sin();
    out.push_back(accumulate_gradients(*model, loss, images, labels).loss.item<double>());
    updates.update(static_cast<double>(t));
  }
  return out;
}

class Models : public testing::TestWithParam<Case> {};

TEST_P(Models, LearnAlikeBothWays) {
  const auto kernels = losses(GetParam(), false), composition = losses(GetParam(), true);
  EXPECT_LT(kernels.back(), 0.97 * kernels.front()) << "the run learns nothing";
  for (std::size_t t = 0; t < kernels.size(); ++t) {
    EXPECT_NEAR(kernels[t], composition[t], 1e-4 * std::abs(composition[t])) << "step " << t;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Models,
    testing::Values(
        Case{"hyena2d", {"hyena_tiny_28", {{"num_classes", 4}}}, {1, 28, 28}},
        Case{"bidirectional",
             {"hyena_vit_ti_p16",
              {{"num_classes", 4}, {"img_size", 48}, {"patch", 8}, {"dim", 48}, {"depth", 2}}},
             {3, 48, 48}},
        Case{"causal",
             {"safari_hyena_vit_b_p16",
              {{"num_classes", 4}, {"img_size", 32}, {"patch", 4}, {"dim", 32}, {"depth", 2}}},
             {3, 32, 32}}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace hyena::train
