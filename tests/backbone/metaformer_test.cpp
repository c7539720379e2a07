#include "backbone/models/metaformer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/hyena_filter2d.h"
#include "tests/support/files.h"
#include "tests/support/model_case.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;
using tests::close;

/// Options of our family from HyenaPixel's arguments.
json from_hyenapixel(const json& config) {
  json options = {{"img_size", config.at("image_size")},
                  {"num_classes", config.at("num_classes")},
                  {"depths", config.at("depths")},
                  {"dims", config.at("dims")}};
  for (const json& reference : config.at("token_mixers")) {
    json mixer = reference;
    const std::string type = mixer.at("type");
    mixer.erase("type");
    mixer.erase("is_causal");
    if (mixer.value("order", 2) > 2) mixer["filter_layout"] = "order_major";
    if (mixer.contains("use_seperable_conv")) {
      mixer["use_separable_conv"] = mixer["use_seperable_conv"];
      mixer.erase("use_seperable_conv");
    }
    const std::map<std::string, std::string> kinds = {{"HyenaPixelOperator", "hyena2d"},
                                                      {"HyenaOperator", "hyena_bidirectional"},
                                                      {"Attention", "attention"},
                                                      {"SepConv", "sep_conv"}};
    if (type == "Attention") mixer = {{"head_dim", 32}, {"qkv_bias", false}, {"proj_bias", false}};
    options["mixer"].push_back(kinds.at(type));
    options["mixer_options"].push_back(mixer.is_null() ? json::object() : mixer);
  }
  return options;
}

class GoldenHyenaPixel : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenHyenaPixel);

TEST_P(GoldenHyenaPixel, EqualsTheReferenceWithGradients) {
  const auto reference = tests::read_model_case("hyenapixel", GetParam());
  const auto& io = reference.io;
  const auto model = tests::build_reference(
      reference, {.name = "metaformer", .options = from_hyenapixel(reference.config)});
  const auto seen = tests::observed(*model, io.at("image"));
  const std::map<std::string, std::string> names = {
      {"downsample0", "downsample_layers.0"},
      {"stage0.block0.token_mixer.in", "stages.0.0.token_mixer.in"},
      {"stage0.block0.token_mixer.out", "stages.0.0.token_mixer.out"},
      {"stage0", "stages.0"},
      {"stage1", "stages.1"},
      {"stage2", "stages.2"},
      {"stage3", "stages.3"}};
  for (const auto& [theirs, ours] : names) {
    if (!io.contains(theirs)) continue;
    EXPECT_TRUE(close(seen.at(ours).reshape_as(io.at(theirs)), io.at(theirs), 1e-5)) << theirs;
  }
  EXPECT_TRUE(close(model->pool(model->forward_features(io.at("image"))), io.at("features"), 1e-5));
  tests::expect_reference_numbers(*model, reference);
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenHyenaPixel,
                         testing::ValuesIn(tests::golden_cases("hyenapixel", /*folders=*/true)),
                         [](const auto& case_) { return tests::test_name(case_.param); });

TEST(MetaFormer, OtherResolutionWithKernelsKeptAndResized) {
  const auto folder = tests::golden_dir() / "hyenapixel" / "hpx_former_s18";
  HYENA_REQUIRE_FOLDER(folder);
  const at::NoGradGuard no_grad;
  const auto reference = tests::read_model_case("hyenapixel", "hpx_former_s18");
  const auto other = tests::read_tensors(folder / "other_resolution.safetensors");
  auto options = from_hyenapixel(reference.config);
  // Kernels of the whole map follow the resolution; those given by number are kept.
  for (auto& mixer : options["mixer_options"]) mixer.erase("long_kernel_size");
  const auto model = tests::build_reference(reference, {.name = "metaformer", .options = options});
  EXPECT_TRUE(close(model->forward(other.at("image")), other.at("logits_same_kernels"), 1e-5));

  model->set_img_size(other.at("image").size(2));
  std::size_t compared = 0;
  for (const auto& [name, expected] : other) {
    if (!name.starts_with("interp.")) continue;
    EXPECT_TRUE(close(model->find(name.substr(7)), expected, 1e-5)) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 10);
  EXPECT_TRUE(close(model->forward(other.at("image")), other.at("logits_interpolated"), 1e-5));
}

json small() {
  return {{"img_size", 64}, {"num_classes", 3}, {"depths", {1, 2, 1, 1}}, {"dims", {8, 8, 16, 16}}};
}

TEST(MetaFormer, LayersCountThroughTheStages) {
  const auto model = make_model<VisionModel>({.name = "metaformer", .options = small()});
  EXPECT_EQ(model->info().depth, 5);
  EXPECT_EQ(model->layer_of("downsample_layers.0.conv.weight"), 0);
  EXPECT_EQ(model->layer_of("stages.0.0.norm1.weight"), 1);
  EXPECT_EQ(model->layer_of("downsample_layers.1.conv.weight"), 2);
  EXPECT_EQ(model->layer_of("stages.1.1.mlp.fc1.weight"), 3);
  EXPECT_EQ(model->layer_of("stages.3.0.mlp.fc1.weight"), 5);
  EXPECT_EQ(model->layer_of("norm.weight"), 5);
  EXPECT_EQ(model->layer_of("head.fc1.weight"), 6);
}

TEST(MetaFormer, ServesRectanglesAndANewHead) {
  at::manual_seed(1);
  const auto model = make_model<VisionModel>({.name = "metaformer", .options = small()});
  model->train();
  model->reset_head(4);
  const auto logits = model->forward(at::randn({2, 3, 64, 96}));
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 4}));
  logits.square().sum().backward();
  EXPECT_TRUE(model->find("stages.0.0.token_mixer.long_conv.z").grad().defined());
  EXPECT_NEAR(model->find("stages.3.0.mlp.fc1.weight").std().item<double>(), 0.02, 0.002);
  EXPECT_NEAR(model->find("downsample_layers.0.conv.weight").std().item<double>(), 0.02, 0.002);
}

TEST(MetaFormer, SaysWhatDoesNotFit) {
  const auto error = [](json changes) -> std::string {
    json options = small();
    options.update(changes);
    try {
      make_model<VisionModel>({.name = "metaformer", .options = options});
    } catch (const OptionError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(error({{"dims", {8, 16}}}),
            "metaformer: depths and dims need one entry for each stage, got 4 and 2");
  EXPECT_EQ(error({{"mixer", {"attention", "hyena2d"}}}),
            "metaformer: mixer needs one entry, or one for each of the 4 stages, got 2");
  EXPECT_EQ(error({{"mixer_options", json::array({json::object(), json::object(), 3})}}),
            "mixer_options: expected an object, or a list of 3 objects, one for each stage; got "
            "[{},{},3]");
}

}  // namespace
}  // namespace hyena::backbone
