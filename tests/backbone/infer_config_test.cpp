#include "backbone/infer_config.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "backbone/safetensors.h"
#include "backbone/weight_names.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;

struct Case {
  json config;
  InferredConfig inferred;
};

Case read_case(const std::string& family, const std::string& name) {
  const auto folder = tests::golden_dir() / family / name;
  const SafetensorsFile file(folder / "model.safetensors");
  return {tests::read_config(folder / "config.json"), infer_config(file.tensors()).value()};
}

/// The option `ours` is what the reference's configuration has under `theirs`, or `otherwise`.
void expect_option(const json& options, const char* ours, const json& config, const char* theirs,
                   const json& otherwise) {
  EXPECT_EQ(options.at(ours), config.value(theirs, otherwise)) << ours;
}

bool assumes(const InferredConfig& inferred, const std::string& option) {
  return std::ranges::any_of(
      inferred.assumed, [&](const std::string& line) { return line.starts_with(option + ":"); });
}

class GoldenTimmVit : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTimmVit);

TEST_P(GoldenTimmVit, IsInferredFromItsShapes) {
  const auto [config, inferred] = read_case("timm_vit", GetParam());
  EXPECT_EQ(inferred.family, "vit");
  const json& o = inferred.options;
  expect_option(o, "patch", config, "patch_size", 16);
  expect_option(o, "dim", config, "embed_dim", 768);
  expect_option(o, "depth", config, "depth", 12);
  expect_option(o, "num_classes", config, "num_classes", 1000);
  expect_option(o, "mlp_ratio", config, "mlp_ratio", 4.0);
  expect_option(o, "class_token", config, "class_token", true);
  expect_option(o, "reg_tokens", config, "reg_tokens", 0);
  expect_option(o, "no_embed_class", config, "no_embed_class", false);
  expect_option(o, "pos_embed", config, "pos_embed", "learn");
  expect_option(o, "pool", config, "global_pool", "token");
  expect_option(o, "pre_norm", config, "pre_norm", false);
  EXPECT_EQ(o.contains("init_values"), config.contains("init_values"));
  EXPECT_EQ(assumes(inferred, "init_values"), config.contains("init_values"));
  EXPECT_EQ(o.at("mixer"), "attention");
  expect_option(o.at("mixer_options"), "qkv_bias", config, "qkv_bias", true);
  expect_option(o.at("mixer_options"), "qk_norm", config, "qk_norm", false);
  if (o.at("pos_embed") == "learn") {
    expect_option(o, "img_size", config, "img_size", 224);
    EXPECT_FALSE(assumes(inferred, "img_size"));
  } else {
    EXPECT_EQ(o.at("img_size"), 224);
    EXPECT_TRUE(assumes(inferred, "img_size"));
  }
  // Only the norm of single heads tells how wide a head is.
  const bool known = config.value("qk_norm", false);
  EXPECT_EQ(assumes(inferred, "num_heads"), !known);
  if (known) expect_option(o.at("mixer_options"), "num_heads", config, "num_heads", 12);
}
INSTANTIATE_TEST_SUITE_P(Golden, GoldenTimmVit,
                         testing::ValuesIn(tests::golden_cases("timm_vit", true)),
                         [](const auto& c) { return tests::test_name(c.param); });

class GoldenSafariVit : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenSafariVit);

TEST_P(GoldenSafariVit, IsInferredFromItsShapes) {
  const auto [config, inferred] = read_case("safari_vit", GetParam());
  EXPECT_EQ(inferred.family, "safari_vit");
  const json &o = inferred.options, &layer = config.at("layer"), &mixer = o.at("mixer_options");
  expect_option(o, "patch", config, "patch_size", 16);
  expect_option(o, "dim", config, "d_model", 768);
  expect_option(o, "depth", config, "depth", 12);
  expect_option(o, "num_classes", config, "num_classes", 1000);
  EXPECT_EQ(o.at("expand").get<double>(), config.value("expand", 4.0));
  expect_option(o, "use_cls_token", config, "use_cls_token", false);
  expect_option(o, "use_pos_embed", config, "use_pos_embed", false);
  expect_option(o, "representation_size", config, "representation_size", 0);
  if (config.value("use_pos_embed", false)) expect_option(o, "img_size", config, "img_size", 224);
  if (layer.at("_name_") == "vit") {
    EXPECT_EQ(o.at("mixer"), "attention");
    expect_option(mixer, "qkv_bias", layer, "qkv_bias", false);
    return;
  }
  EXPECT_EQ(o.at("mixer"), "hyena");
  expect_option(mixer, "order", layer, "order", 2);
  expect_option(mixer, "num_heads", layer, "num_heads", 1);
  expect_option(mixer, "inner_factor", layer, "inner_factor", 1);
  expect_option(mixer, "short_filter", layer, "short_filter_order", 3);
  expect_option(mixer, "filter_order", layer, "filter_order", 64);
  expect_option(mixer, "emb_dim", layer, "emb_dim", 3);
  expect_option(mixer, "num_inner_mlps", layer, "num_inner_mlps", 2);
  const std::int64_t side =
      o.at("img_size").get<std::int64_t>() / o.at("patch").get<std::int64_t>();
  const std::int64_t tokens = side * side + (o.at("use_cls_token") == true ? 1 : 0);
  EXPECT_EQ(mixer.value("l_max", tokens), layer.at("l_max"));
}
INSTANTIATE_TEST_SUITE_P(Golden, GoldenSafariVit,
                         testing::ValuesIn(tests::golden_cases("safari_vit", true)),
                         [](const auto& c) { return tests::test_name(c.param); });

class GoldenHyenaPixel : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenHyenaPixel);

TEST_P(GoldenHyenaPixel, IsInferredFromItsShapes) {
  const auto [config, inferred] = read_case("hyenapixel", GetParam());
  EXPECT_EQ(inferred.family, "metaformer");
  const json& o = inferred.options;
  expect_option(o, "img_size", config, "image_size", 224);
  expect_option(o, "num_classes", config, "num_classes", 1000);
  expect_option(o, "depths", config, "depths", {});
  expect_option(o, "dims", config, "dims", {});
  EXPECT_EQ(o.at("mlp_ratio"), 4.0);
  std::int64_t side = config.at("image_size").get<std::int64_t>() / 4;
  for (std::size_t s = 0; s < 4; ++s, side = (side + 1) / 2) {
    const json &theirs = config.at("token_mixers")[s], &ours = o.at("mixer_options")[s];
    const std::string type = theirs.at("type"), kind = o.at("mixer")[s];
    if (type == "SepConv") {
      EXPECT_EQ(kind, "sep_conv");
      EXPECT_EQ(ours.at("expansion_ratio"), 2.0);
      EXPECT_EQ(ours.at("kernel_size"), 7);
      EXPECT_EQ(ours.at("bias"), false);
    } else if (type == "Attention") {
      EXPECT_EQ(kind, "attention");
      EXPECT_EQ(ours.at("qkv_bias"), false);
      EXPECT_EQ(ours.at("num_heads"),
                std::max<std::int64_t>(1, config.at("dims")[s].get<std::int64_t>() / 32));
    } else if (type == "HyenaOperator") {
      EXPECT_EQ(kind, "hyena_bidirectional");
      expect_option(ours, "emb_dim", theirs, "emb_dim", 0);
      expect_option(ours, "filter_order", theirs, "filter_order", 0);
      expect_option(ours, "order", theirs, "order", 2);
      expect_option(ours, "use_layernorm", theirs, "use_layernorm", false);
      EXPECT_EQ(ours.value("l_max", side * side), theirs.at("l_max"));
      EXPECT_EQ(ours.value("filter_layout", ""), theirs.value("order", 2) > 2 ? "order_major" : "");
    } else {
      EXPECT_EQ(kind, "hyena2d");
      expect_option(ours, "use_layernorm", theirs, "use_layernorm", false);
      expect_option(ours, "kernel_size", theirs, "kernel_size", 5);
      expect_option(ours, "use_implicit_filter", theirs, "use_implicit_filter", true);
      expect_option(ours, "use_separable_conv", theirs, "use_seperable_conv", false);
      EXPECT_EQ(ours.value("long_kernel_size", 2 * side - 1), theirs.at("long_kernel_size"));
      if (!ours.at("use_implicit_filter").get<bool>()) continue;
      expect_option(ours, "pe_type", theirs, "pe_type", "2d");
      expect_option(ours, "use_decay", theirs, "use_decay", true);
      const std::int64_t features = theirs.at("filter_emb_dim");
      EXPECT_EQ(ours.at("filter_emb_dim"), features);
      expect_option(ours, "filter_order", theirs, "filter_order", 2 * features);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Golden, GoldenHyenaPixel,
                         testing::ValuesIn(tests::golden_cases("hyenapixel", true)),
                         [](const auto& c) { return tests::test_name(c.param); });

std::vector<TensorEntry> entries(const std::map<std::string, std::vector<std::int64_t>>& shapes) {
  std::vector<TensorEntry> out;
  for (const auto& [name, shape] : shapes) {
    TensorEntry& entry = out.emplace_back();
    entry.name = name;
    entry.shape = shape;
  }
  return out;
}

TEST(InferConfig, ReadsAConvolutionalStemAndASquareFilter) {
  const auto config = infer_config(
      entries({{"model.blocks.0.norm1.weight", {64}},
               {"model.blocks.1.norm1.weight", {64}},
               {"model.blocks.0.mlp.fc1.weight", {96, 64}},
               {"model.blocks.0.mixer.pointwise_conv.weight", {192, 64, 1, 1}},
               {"model.blocks.0.mixer.depthwise_conv.weight", {192, 1, 3, 3}},
               {"model.blocks.0.mixer.long_conv.z", {1, 16, 13, 13}},
               {"model.blocks.0.mixer.long_conv.deltas", {1, 64, 1, 1}},
               {"model.blocks.0.mixer.long_conv.implicit_filter.0.weight", {24, 16, 1, 1}},
               {"model.patch_embed.0.conv.weight", {32, 1, 3, 3}},
               {"model.patch_embed.1.conv.weight", {64, 32, 3, 3}},
               {"model.fc_norm.weight", {64}},
               {"model.head.weight", {10, 64}}}));
  ASSERT_TRUE(config);
  const json expected = {{"img_size", 28},
                         {"in_chans", 1},
                         {"num_classes", 10},
                         {"patch", 4},
                         {"dim", 64},
                         {"depth", 2},
                         {"mixer", "hyena2d"},
                         {"mlp_ratio", 1.5},
                         {"stem", "conv"},
                         {"class_token", false},
                         {"reg_tokens", 0},
                         {"pool", "avg"},
                         {"pos_embed", "none"},
                         {"no_embed_class", false},
                         {"pre_norm", false},
                         {"mixer_options",
                          {{"kernel_size", 3},
                           {"use_layernorm", false},
                           {"use_implicit_filter", true},
                           {"use_separable_conv", false},
                           {"pe_type", "2d"},
                           {"filter_emb_dim", 16},
                           {"filter_order", 24},
                           {"use_decay", true}}}};
  EXPECT_EQ(config->options, expected);
}

TEST(InferConfig, TellsBidirectionalFiltersByTheirReach) {
  std::map<std::string, std::vector<std::int64_t>> shapes = {
      {"blocks.0.norm1.weight", {8}},
      {"patch_embed.proj.weight", {8, 3, 4, 4}},
      {"pos_embed", {1, 9, 8}},
      {"blocks.0.mixer.in_proj.weight", {64, 8}},
      {"blocks.0.mixer.out_proj.weight", {8, 16}},
      {"blocks.0.mixer.short_filter.weight", {64, 1, 3}},
      {"blocks.0.mixer.filter_fn.bias", {16}},
      {"blocks.0.mixer.filter_fn.pos_emb.z", {1, 17, 5}}};
  auto config = infer_config(entries(shapes));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->options.at("mixer"), "hyena_bidirectional");
  EXPECT_EQ(config->options.at("img_size"), 12);
  const json& mixer = config->options.at("mixer_options");
  EXPECT_FALSE(mixer.contains("l_max"));
  EXPECT_EQ(mixer.at("order"), 3);
  EXPECT_EQ(mixer.at("inner_factor"), 2);
  EXPECT_EQ(mixer.at("num_heads"), 2);
  shapes["blocks.0.mixer.filter_fn.pos_emb.z"] = {1, 9, 5};
  EXPECT_EQ(infer_config(entries(shapes))->options.at("mixer"), "hyena");
}

TEST(InferConfig, TakesTheSizeOfThePicturesFromWhoeverKnowsIt) {
  // safari's published ViT: filters of 1024 lags over the 196 patches of 224 pixels.
  const auto safari = entries({{"norm.norm.weight", {8}},
                               {"patch_embed.proj.weight", {8, 3, 16, 16}},
                               {"blocks.0.layer.in_proj.weight", {24, 8}},
                               {"blocks.0.layer.out_proj.weight", {8, 8}},
                               {"blocks.0.layer.filter_fn.bias", {8}},
                               {"blocks.0.layer.filter_fn.pos_emb.z", {1, 1024, 3}}});
  auto config = infer_config(safari);
  EXPECT_EQ(config->options.at("img_size"), 224);
  EXPECT_TRUE(assumes(*config, "img_size"));
  EXPECT_EQ(config->options.at("mixer_options").at("l_max"), 1024);
  config = infer_config(safari, {.img_size = 512});
  EXPECT_EQ(config->options.at("img_size"), 512);
  EXPECT_FALSE(assumes(*config, "img_size"));
  EXPECT_FALSE(config->options.at("mixer_options").contains("l_max"));

  // HyenaPixel's filters of 224 pixels, kept for 384.
  const auto pixel = entries({{"stages.0.0.norm1.weight", {8}},
                              {"downsample_layers.0.conv.weight", {8, 3, 7, 7}},
                              {"stages.0.0.token_mixer.pointwise_conv.weight", {24, 8, 1, 1}},
                              {"stages.0.0.token_mixer.long_conv.z", {1, 32, 111, 111}}});
  config = infer_config(pixel);
  EXPECT_EQ(config->options.at("img_size"), 224);
  EXPECT_FALSE(config->options.at("mixer_options")[0].contains("long_kernel_size"));
  config = infer_config(pixel, {.img_size = 384});
  EXPECT_EQ(config->options.at("img_size"), 384);
  EXPECT_EQ(config->options.at("mixer_options")[0].at("long_kernel_size"), 111);
}

TEST(InferConfig, SaysHowManyHeadsItAssumed) {
  const auto assumed = [](std::int64_t dim) {
    return infer_config(entries({{"blocks.0.norm1.weight", {dim}},
                                 {"patch_embed.proj.weight", {dim, 3, 4, 4}},
                                 {"pos_embed", {1, 9, dim}},
                                 {"blocks.0.attn.qkv.weight", {3 * dim, dim}}}))
        ->assumed;
  };
  EXPECT_EQ(assumed(192), std::vector<std::string>{"num_heads: 3 for 192 channels, heads of 64"});
  EXPECT_EQ(assumed(48), std::vector<std::string>{"num_heads: 1 for 48 channels, heads of 48"});
}

TEST(InferConfig, HasNoAnswerForOtherModels) {
  EXPECT_FALSE(infer_config({}));
  EXPECT_FALSE(infer_config(entries({{"conv1.weight", {64, 3, 7, 7}}, {"fc.weight", {10, 64}}})));
  EXPECT_FALSE(infer_config(entries({{"blocks.0.norm1.weight", {8}},
                                     {"patch_embed.proj.weight", {8, 3, 4, 4}},
                                     {"blocks.0.ssm.weight", {8, 8}}})));
}

TEST(InferConfig, SurvivesShapesThatMakeNoSense) {
  // Every shape of a real file replaced by one without dimensions, and by zeros.
  for (const std::string family :
       {"safari_vit", "timm_vit", "hyenapixel", "safari_lm", "hyenadna"}) {
    for (const std::string& name : tests::golden_cases(family, true)) {
      const SafetensorsFile file(tests::golden_dir() / family / name / "model.safetensors");
      for (const bool scalars : {false, true}) {
        std::vector<TensorEntry> tensors = file.tensors();
        for (TensorEntry& entry : tensors) {
          entry.shape = std::vector<std::int64_t>(scalars ? 0 : entry.shape.size(), 0);
        }
        infer_config(tensors);
      }
    }
  }
}

/// A language model of two layers, Hyena and attention.
std::map<std::string, std::vector<std::int64_t>> language_shapes() {
  std::map<std::string, std::vector<std::int64_t>> shapes = {
      {"backbone.embeddings.word_embeddings.weight", {50264, 128}},
      {"lm_head.weight", {50264, 128}},
      {"backbone.layers.0.mixer.in_proj.weight", {512, 128}},
      {"backbone.layers.0.mixer.out_proj.weight", {128, 128}},
      {"backbone.layers.0.mixer.filter_fn.bias", {256}},
      {"backbone.layers.0.mixer.filter_fn.pos_emb.z", {1, 2048, 33}},
      {"backbone.layers.1.mixer.Wqkv.weight", {384, 128}},
      {"backbone.layers.1.mixer.dwconv_qkv.weight", {384, 1, 3}}};
  for (const std::string layer : {"0", "1"}) {
    shapes["backbone.layers." + layer + ".norm1.weight"] = {128};
    shapes["backbone.layers." + layer + ".mlp.fc1.weight"] = {300, 128};
  }
  return shapes;
}

TEST(InferConfig, ReadsLanguageModels) {
  const auto config = infer_config(entries(language_shapes()));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->family, "causal_lm");
  EXPECT_EQ(config->refused, "");
  const json& o = config->options;
  EXPECT_EQ(o.at("vocab_size"), 50257);
  EXPECT_EQ(o.at("pad_vocab_size_multiple"), 8);
  EXPECT_EQ(o.at("d_inner"), 300);
  EXPECT_EQ(o.at("max_len"), 2048);
  EXPECT_EQ(o.at("attn_layer_idx"), json::array({1}));
  EXPECT_EQ(o.at("attn_dwconv"), true);
  EXPECT_EQ(o.at("attn_heads"), 2);
  EXPECT_EQ(o.at("mixer_options").at("order"), 3);
  EXPECT_EQ(o.at("mixer_options").at("filter_layout"), "channel_major");
  EXPECT_EQ(o.at("mixer_options").at("shift"), 0.0);
  for (const char* option : {"vocab_size", "attn_heads", "filter_layout", "shift", "modulate",
                             "activation", "embed_dropout"}) {
    EXPECT_TRUE(assumes(*config, option)) << option;
  }
  EXPECT_EQ(
      infer_config(entries(language_shapes()), {.own_head = true})->options.at("tie_embeddings"),
      false);
}

TEST(InferConfig, RefusesLanguageModelsThatItCannotBuild) {
  const auto refusal = [](const std::string& key, const std::vector<std::int64_t>& shape,
                          const InferHints& hints = {}) {
    auto shapes = language_shapes();
    if (shape.empty()) {
      shapes.erase(key);
    } else {
      shapes[key] = shape;
    }
    const auto config = infer_config(entries(shapes), hints);
    return config ? config->refused : "none";
  };
  const std::string layer = "backbone.layers.1.";
  EXPECT_EQ(refusal(layer + "mixer.Wqkv.weight", {}),
            "layer 1 mixes with something that this version does not have; known are Hyena and "
            "attention");
  const std::string width = "not all layers have the embedding's width, 128";
  EXPECT_EQ(refusal(layer + "mixer.Wqkv.weight", {3 << 20, 1 << 20}), width);
  EXPECT_EQ(refusal(layer + "mlp.fc1.weight", {300}), width);
  EXPECT_EQ(refusal("backbone.embeddings.word_embeddings.weight", {0, 128}), "none");
  for (const char* settings : {"[]", "{", "1", R"({"layer": 3})", R"({"attn_cfg": []})"}) {
    EXPECT_EQ(refusal("x", {1}, {.config = settings}), "") << settings;
  }
  EXPECT_EQ(refusal("x", {1}, {.config = R"({"attn_cfg": {"num_heads": -3}})"}),
            "the settings beside the weights have -3 for 'num_heads'; a size is needed");
  EXPECT_EQ(refusal("x", {1}, {.config = R"({"layer": {"modulate": "yes"}})"}),
            "the settings beside the weights have \"yes\" for 'modulate'; boolean is needed");
  EXPECT_EQ(refusal("x", {1}, {.config = R"({"vocab_size": 50000000000})"}),
            "the settings beside the weights have 50000000000 for 'vocab_size'; a size is needed");
}

}  // namespace
}  // namespace hyena::backbone
