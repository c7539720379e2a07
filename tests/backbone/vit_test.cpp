#include "backbone/models/vit.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/models/blocks.h"
#include "backbone/models/position_table.h"
#include "tests/support/files.h"
#include "tests/support/model_case.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;
using tests::close;

class GoldenTimmVit : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTimmVit);

TEST_P(GoldenTimmVit, EqualsTheReferenceWithGradients) {
  const auto reference = tests::read_model_case("timm_vit", GetParam());
  const auto model = tests::build_reference(
      reference, {.name = "vit", .options = tests::timm_vit_options(reference.config)});
  EXPECT_TRUE(
      close(model->forward_features(reference.io.at("image")), reference.io.at("tokens"), 1e-5));
  tests::expect_reference_numbers(*model, reference);
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenTimmVit,
                         testing::ValuesIn(tests::golden_cases("timm_vit", /*folders=*/true)),
                         [](const auto& case_) { return tests::test_name(case_.param); });

json small(json changes = json::object()) {
  json options = {{"img_size", 16}, {"patch", 4}, {"dim", 16}, {"depth", 2}, {"num_classes", 3}};
  options.update(changes);
  return options;
}

std::unique_ptr<VisionModel> make(const json& changes = json::object()) {
  return make_model<VisionModel>({.name = "vit", .options = small(changes)});
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(Vit, LayerDecayAndDropPathGroupsEqualTimms) {
  const auto file = tests::golden_dir() / "train" / "param_groups.json";
  HYENA_REQUIRE_FOLDER(file);
  const auto groups = json::parse(tests::read_file(file));
  const auto model = make_model<VisionModel>(
      {.name = "vit_ti_p16",
       .options = {{"depth", 3}, {"dim", 32}, {"img_size", 32}, {"init_values", 0.1}}});
  const auto no_decay = model->no_weight_decay();
  std::size_t seen = 0;
  for (const auto& group : groups.at("layer_decay_0_75")) {
    for (const std::string name : group.at("names")) {
      const auto tensor = model->find(name);
      const auto exponent = static_cast<double>(model->info().depth + 1 - model->layer_of(name));
      EXPECT_DOUBLE_EQ(std::pow(0.75, exponent), group.at("lr_scale").get<double>()) << name;
      const bool decays = tensor.dim() > 1 && std::ranges::find(no_decay, name) == no_decay.end();
      EXPECT_EQ(decays, group.at("weight_decay") != 0.0) << name;
      ++seen;
    }
  }
  EXPECT_EQ(seen, model->parameters().size());
  for (const auto& [depth, rates] : groups.at("drop_path_linspace").items()) {
    EXPECT_EQ(drop_path_rates(0.1, std::stoll(depth)), rates.get<std::vector<double>>());
  }
}

TEST(Vit, EveryMixerAndStemServesRectanglesWithGradients) {
  at::manual_seed(1);
  for (const MixerEntry& mixer : mixer_registry()) {
    for (const char* stem : {"patch", "conv"}) {
      const auto model = make({{"mixer", mixer.name}, {"stem", stem}});
      model->train();
      EXPECT_EQ(model->find("blocks.1.norm1.weight").size(0), 16);
      // A wider picture than the position table, and no longer sequence than the filters.
      const auto logits = model->forward(at::randn({2, 3, 8, 32}));
      ASSERT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 3})) << mixer.name;
      logits.square().sum().backward();
      for (const auto& parameter : model->parameters()) {
        if (!parameter.tensor.requires_grad()) continue;
        ASSERT_TRUE(parameter.tensor.grad().defined()) << mixer.name << ": " << parameter.name;
        EXPECT_TRUE(parameter.tensor.grad().isfinite().all().item<bool>()) << parameter.name;
      }
    }
  }
}

TEST(Vit, ConvolutionalStemHalvesTheMapUntilThePatch) {
  at::manual_seed(2);
  const auto model = make({{"stem", "conv"}, {"patch", 8}, {"img_size", 32}});
  EXPECT_EQ(model->find("patch_embed.0.conv.weight").sizes(),
            (std::vector<std::int64_t>{4, 3, 3, 3}));
  EXPECT_EQ(model->find("patch_embed.2.conv.weight").sizes(),
            (std::vector<std::int64_t>{16, 8, 3, 3}));
  model->train();
  model->forward(at::randn({2, 3, 32, 32}));
  EXPECT_EQ(model->find("patch_embed.2.norm.num_batches_tracked").item<std::int64_t>(), 1);
  const auto seen = tests::observed(*model, at::randn({2, 3, 32, 32}));
  EXPECT_EQ(seen.at("patch_embed").sizes(), (std::vector<std::int64_t>{2, 16, 16}));
}

TEST(Vit, ObserverSeesBlocksOnlyWhileItLives) {
  at::manual_seed(3);
  const auto model = make();
  const auto images = at::randn({1, 3, 16, 16});
  const auto seen = tests::observed(*model, images);
  EXPECT_TRUE(close(seen.at("blocks.1"), model->forward_features(images), 1e-12));
  EXPECT_GT(tests::relative_error(seen.at("blocks.0"), seen.at("blocks.1")), 1e-3);
}

TEST(Vit, DropPathIsActiveInTrainingOnly) {
  at::manual_seed(4);
  const auto model = make({{"drop_path", 0.9}});
  const auto images = at::randn({4, 3, 16, 16});
  EXPECT_TRUE(close(model->forward(images), model->forward(images), 1e-12));
  model->train();
  EXPECT_GT(tests::relative_error(model->forward(images), model->forward(images)), 1e-4);
}

TEST(Vit, IsInitialisedAsTimm) {
  at::manual_seed(5);
  const auto model =
      make({{"dim", 128}, {"mixer", "attention"}, {"class_token", true}, {"pos_embed", "learn"}});
  const auto std_of = [&](const char* name) {
    return model->find(name).to(at::kDouble).std().item<double>();
  };
  EXPECT_NEAR(std_of("blocks.0.attn.qkv.weight"), 0.02, 0.0005);
  EXPECT_NEAR(std_of("blocks.1.mlp.fc2.weight"), 0.02, 0.0005);
  EXPECT_NEAR(std_of("pos_embed"), 0.02, 0.002);
  EXPECT_NEAR(std_of("cls_token"), 1e-6, 3e-7);
  EXPECT_NEAR(std_of("patch_embed.proj.weight"), 1 / std::sqrt(3.0 * 48), 0.002);
  EXPECT_EQ(model->find("blocks.0.attn.qkv.bias").abs().max().item<double>(), 0);
  // Implicit filters keep PyTorch's default: at 0.02 they would start near zero.
  const auto hyena = make({{"dim", 128}, {"mixer", "hyena2d"}});
  EXPECT_NEAR(hyena->find("blocks.0.mixer.pointwise_conv.weight").std().item<double>(), 0.02,
              0.0005);
  EXPECT_GT(hyena->find("blocks.0.mixer.long_conv.implicit_filter.2.weight").std().item<double>(),
            0.05);
}

TEST(Vit, ResetHeadKeepsTheTrunk) {
  at::manual_seed(6);
  const auto model = make();
  model->to(at::kDouble);
  const auto images = at::randn({2, 3, 16, 16}, at::kDouble);
  const auto before = model->pool(model->forward_features(images));
  model->reset_head(7);
  EXPECT_EQ(model->info().num_classes, 7);
  EXPECT_TRUE(close(model->pool(model->forward_features(images)), before, 1e-15));
  EXPECT_EQ(model->forward(images).sizes(), (std::vector<std::int64_t>{2, 7}));
  EXPECT_TRUE(model->find("head.weight").requires_grad());
  EXPECT_EQ(error_of([&] { model->reset_head(0); }), "a classifier needs at least 1 class, got 0");
  const auto headless = make({{"num_classes", 0}});
  EXPECT_EQ(headless->forward(at::randn({2, 3, 16, 16})).size(1), 16);
  EXPECT_EQ(error_of([&] { headless->reset_head(2); }),
            "this model was built without a classifier; build it with num_classes instead");
}

TEST(Vit, AnotherImgSizeHasTheShapesOfAModelBuiltForIt) {
  at::manual_seed(7);
  for (const char* mixer : {"hyena", "hyena_bidirectional", "hyena2d", "attention"}) {
    const auto model = make({{"mixer", mixer}});
    model->set_img_size(24);
    const auto built = make({{"mixer", mixer}, {"img_size", 24}});
    EXPECT_EQ(model->info().img_size, 24);
    const auto state = model->state(), expected = built->state();
    ASSERT_EQ(state.size(), expected.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      EXPECT_EQ(state[i].name, expected[i].name);
      EXPECT_EQ(state[i].tensor.sizes(), expected[i].tensor.sizes()) << state[i].name;
    }
    EXPECT_EQ(model->forward(at::randn({1, 3, 24, 24})).size(1), 3);
  }
}

/// One axis of PIL's and torch's antialiased bicubic interpolation (Keys, a = -0.5): weights of the
/// `in` samples for each of the `out`, normalised.
at::Tensor bicubic_matrix(std::int64_t in, std::int64_t out) {
  const auto cubic = [](double x) {
    x = std::abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0.0;
  };
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  auto matrix = at::zeros({out, in}, at::kDouble);
  for (std::int64_t o = 0; o < out; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    for (std::int64_t i = 0; i < in; ++i) {
      matrix[o][i] = cubic((static_cast<double>(i) + 0.5 - centre) / stretch);
    }
  }
  return matrix / matrix.sum(1, true);
}

TEST(PositionTable, IsResizedBicubicallyWithAntialiasAndKeepsItsPrefix) {
  at::manual_seed(8);
  const TokenGrid from{.height = 6, .width = 5};
  const auto table = at::randn({1, 2 + from.patches(), 3}, at::kDouble);
  for (const auto& [height, width] : {std::pair{9, 11}, {4, 3}, {6, 2}}) {
    const TokenGrid to{.height = height, .width = width};
    const auto resized = resize_position_table(table, 2, from, to);
    const auto map = table.slice(1, 2).view({6, 5, 3});
    const auto expected =
        at::einsum("ai,bj,ijd->abd", {bicubic_matrix(6, height), bicubic_matrix(5, width), map});
    EXPECT_TRUE(close(resized.slice(1, 2), expected.view({1, -1, 3}), 1e-12));
    EXPECT_TRUE(close(resized.slice(1, 0, 2), table.slice(1, 0, 2), 1e-15));
  }
}

TEST(Vit, SaysWhatDoesNotFit) {
  EXPECT_EQ(error_of([] { make({{"pool", "token"}}); }), "vit: pool token needs class_token");
  EXPECT_EQ(error_of([] { make({{"patch", 5}}); }), "vit: patch 5 does not divide img_size 16");
  EXPECT_EQ(error_of([] {
              make({{"stem", "conv"}, {"patch", 1}});
            }),
            "stem conv: patch must be a power of two from 2, got 1");
  EXPECT_EQ(error_of([] {
              make({{"mixer", "attention"}, {"mixer_options", {{"num_heads", 3}}}});
            }),
            "attention: num_heads 3 does not divide d_model 16; choose another num_heads, or set "
            "head_dim");
  EXPECT_EQ(error_of([] {
              make({{"mixer", "conv7x7"}, {"class_token", true}});
            }),
            "conv7x7: class and register tokens have no place on the picture; use pool avg "
            "without them, or another mixer");
  EXPECT_EQ(error_of([] {
              make()->forward(at::randn({1, 3, 18, 16}));
            }),
            "vit: a picture of 18x16 pixels cannot be cut into patches of 4; resize it, or build "
            "the model with another patch");
  EXPECT_EQ(error_of([] {
              make()->forward(at::randn({1, 1, 16, 16}));
            }),
            "vit: images must be (B, 3, H, W), got [1, 1, 16, 16]");
}

}  // namespace
}  // namespace hyena::backbone
