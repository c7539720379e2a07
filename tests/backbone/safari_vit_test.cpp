#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/vision_model.h"
#include "tests/support/files.h"
#include "tests/support/model_case.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;
using tests::close;

class GoldenSafariVit : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenSafariVit);

TEST_P(GoldenSafariVit, EqualsTheReferenceWithGradients) {
  const auto reference = tests::read_model_case("safari_vit", GetParam());
  const auto& io = reference.io;
  const auto model = tests::build_reference(
      reference, {.name = "safari_vit", .options = tests::safari_vit_options(reference.config)});
  const auto seen = tests::observed(*model, io.at("image"));
  EXPECT_TRUE(close(seen.at("patch_embed"), io.at("patch_tokens"), 1e-5));
  std::size_t blocks = 0;
  for (; io.contains("block" + std::to_string(blocks)); ++blocks) {
    const std::string index = std::to_string(blocks);
    EXPECT_TRUE(close(seen.at("blocks." + index), io.at("block" + index), 1e-5)) << index;
  }
  EXPECT_EQ(blocks, 2 * model->info().depth);
  EXPECT_TRUE(close(model->pool(model->forward_features(io.at("image"))), io.at("features"), 1e-5));
  tests::expect_reference_numbers(*model, reference);

  const at::NoGradGuard no_grad;
  model->to(at::kDouble);
  EXPECT_TRUE(close(model->forward(io.at("image").to(at::kDouble)), io.at("logits_fp64"), 1e-10));
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenSafariVit,
                         testing::ValuesIn(tests::golden_cases("safari_vit", /*folders=*/true)),
                         [](const auto& case_) { return tests::test_name(case_.param); });

json small(json changes = json::object()) {
  json options = {{"img_size", 16}, {"patch", 4}, {"dim", 32}, {"depth", 3}, {"num_classes", 5}};
  options.update(changes);
  return options;
}

TEST(SafariVit, LayersCountMixerAndMlpUnitsTogether) {
  const auto model = make_model<VisionModel>({.name = "safari_vit", .options = small()});
  EXPECT_EQ(model->layer_of("patch_embed.proj.weight"), 0);
  EXPECT_EQ(model->layer_of("blocks.0.layer.in_proj.weight"), 1);
  EXPECT_EQ(model->layer_of("blocks.1.layer.ff.2.weight"), 1);
  EXPECT_EQ(model->layer_of("blocks.5.norm.norm.bias"), 3);
  EXPECT_EQ(model->layer_of("norm.norm.weight"), 3);
  EXPECT_EQ(model->layer_of("head.bias"), 4);
}

TEST(SafariVit, DrawsImplicitFiltersLikeOtherLinearLayers) {
  at::manual_seed(1);
  const auto model = make_model<VisionModel>({.name = "safari_vit", .options = small()});
  const auto filter = model->find("blocks.2.layer.filter_fn.implicit_filter.2.weight");
  EXPECT_NEAR(filter.std().item<double>(), 0.02, 0.002);
  EXPECT_EQ(
      model->find("blocks.2.layer.filter_fn.implicit_filter.2.bias").abs().max().item<double>(), 0);
  // The short convolution and the skip term are no linear layers.
  EXPECT_GT(model->find("blocks.2.layer.short_filter.weight").std().item<double>(), 0.2);
  EXPECT_GT(model->find("blocks.2.layer.filter_fn.bias").std().item<double>(), 0.5);
}

TEST(SafariVit, AnotherImgSizeAndHead) {
  at::manual_seed(2);
  const auto model =
      make_model<VisionModel>({.name = "safari_vit", .options = small({{"use_pos_embed", true}})});
  model->set_img_size(24);
  model->reset_head(2);
  EXPECT_EQ(model->forward(at::randn({1, 3, 24, 24})).sizes(), (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace hyena::backbone
