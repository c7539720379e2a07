#include "train/parameter_groups.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/vision_model.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::train {
namespace {

using nlohmann::json;

/// A model that has only names and shapes.
class Named : public backbone::VisionModel {
 public:
  explicit Named(std::int64_t depth) : depth_(depth) {}

  void add(const std::string& name, at::IntArrayRef shape, backbone::ParameterHint hint = {},
           bool trainable = true) {
    add_parameter(name, at::ones(shape), hint, trainable);
  }

  backbone::VisionInfo info() const override { return {.depth = depth_}; }
  at::Tensor forward_features(const at::Tensor& x) override { return x; }
  at::Tensor pool(const at::Tensor& x) override { return x; }
  at::Tensor head(const at::Tensor& x) override { return x; }
  std::vector<std::string> no_weight_decay() const override { return {"pos_embed", "cls_token"}; }

  std::int64_t layer_of(const std::string& name) const override {
    if (name.starts_with("blocks.")) return std::stoll(name.substr(7)) + 1;
    return name.starts_with("head") ? depth_ + 1 : 0;
  }

 private:
  std::int64_t depth_;
};

json reference() {
  return json::parse(tests::read_file(tests::golden_dir() / "train" / "param_groups.json"));
}

/// The reference's model: a vision transformer of three blocks with class token and LayerScale.
std::unique_ptr<backbone::VisionModel> reference_model() {
  return backbone::make_model<backbone::VisionModel>({"vit",
                                                      {{"img_size", 32},
                                                       {"dim", 48},
                                                       {"depth", 3},
                                                       {"mixer", "attention"},
                                                       {"class_token", true},
                                                       {"pool", "token"},
                                                       {"init_values", 0.1}}});
}

using Membership = std::map<std::string, std::pair<double, double>>;  // name → decay, scale

Membership membership(const std::vector<ParameterGroup>& groups) {
  Membership out;
  for (const auto& group : groups) {
    for (const auto& p : group.parameters) out[p.name] = {group.weight_decay, group.lr_scale};
  }
  return out;
}

Membership membership(const json& groups) {
  Membership out;
  for (const auto& group : groups) {
    for (const std::string name : group.at("names")) {
      out[name] = {group.at("weight_decay"), group.value("lr_scale", 1.0)};
    }
  }
  return out;
}

TEST(GoldenParameterGroups, WeightDecay) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "train" / "param_groups.json");
  const json groups = reference().at("weight_decay");
  // The reference was called without the model's list.
  const auto ours =
      make_parameter_groups(*reference_model(), {.weight_decay = 0.05, .decay_listed = true});
  EXPECT_EQ(ours.size(), groups.size());
  EXPECT_EQ(membership(ours), membership(groups));
}

TEST(GoldenParameterGroups, LayerDecay) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "train" / "param_groups.json");
  const json groups = reference().at("layer_decay_0_75");
  const auto ours =
      make_parameter_groups(*reference_model(), {.weight_decay = 0.05, .layer_decay = 0.75});
  EXPECT_EQ(ours.size(), groups.size());
  EXPECT_EQ(membership(ours), membership(groups));
}

TEST(ParameterGroups, HintsMakeGroupsAndFrozenParametersAreLeftOut) {
  Named model(1);
  model.add("blocks.0.weight", {4, 4});
  model.add("blocks.0.filter.weight", {4, 4}, {.lr = 1e-4, .weight_decay = 0.0});
  model.add("blocks.0.filter.bias", {4}, {.lr = 1e-4, .weight_decay = 0.0});
  model.add("blocks.0.filter.freq", {4, 4}, {.lr = 1e-5, .weight_decay = 0.0});
  model.add("blocks.0.bias", {4});
  model.add("frozen", {4, 4}, {}, false);
  model.add("pos_embed", {1, 4, 4});
  const auto groups = make_parameter_groups(model, {.lr = 0.5, .weight_decay = 0.1});
  ASSERT_EQ(groups.size(), 4u);
  const auto names = [](const ParameterGroup& group) {
    std::vector<std::string> out;
    for (const auto& p : group.parameters) out.push_back(p.name);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(groups[0].name, "decay");
  EXPECT_EQ(names(groups[0]), (Names{"blocks.0.weight"}));
  EXPECT_EQ(groups[0].base_lr, 0.5);
  EXPECT_EQ(groups[0].weight_decay, 0.1);
  EXPECT_EQ(groups[1].name, "no_decay");
  EXPECT_EQ(names(groups[1]), (Names{"blocks.0.bias", "pos_embed"}));
  EXPECT_EQ(groups[2].name, "filter");
  EXPECT_EQ(names(groups[2]), (Names{"blocks.0.filter.weight", "blocks.0.filter.bias"}));
  EXPECT_EQ(groups[2].base_lr, 1e-4);
  EXPECT_EQ(groups[2].weight_decay, 0);
  EXPECT_EQ(groups[3].name, "filter_2");
  EXPECT_EQ(names(groups[3]), (Names{"blocks.0.filter.freq"}));
}

TEST(ParameterGroups, LayersAreNamedAndHintedRatesScaleToo) {
  Named model(1);
  model.add("head.weight", {4, 4});
  model.add("blocks.0.filter.weight", {4, 4}, {.lr = 1e-4, .weight_decay = std::nullopt});
  const auto groups = make_parameter_groups(model, {.lr = 0.5, .layer_decay = 0.5});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].name, "layer_1.filter");
  EXPECT_EQ(groups[0].base_lr, 1e-4);
  EXPECT_EQ(groups[0].lr_scale, 0.5);
  EXPECT_EQ(groups[0].weight_decay, 0.05);
  EXPECT_EQ(groups[1].name, "layer_2.decay");
  EXPECT_EQ(groups[1].lr_scale, 1);
}

TEST(ParameterGroups, BiasesDecayWhenAsked) {
  Named model(1);
  model.add("head.weight", {4, 4});
  model.add("head.bias", {4});
  const auto groups = make_parameter_groups(model, {.decay_bias_and_norm = true});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].parameters.size(), 2u);
}

TEST(ParameterGroups, LayerDecayNeedsLayers) {
  try {
    make_parameter_groups(std::vector<backbone::NamedTensor>{}, {.layer_decay = 0.5});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(
        error.what(),
        "layer_decay needs a model that says which layer a parameter belongs to; set it to 0");
  }
}

}  // namespace
}  // namespace hyena::train
