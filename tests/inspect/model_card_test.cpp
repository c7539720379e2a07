#include "inspect/model_card.h"

#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "backbone/tensor_file.h"
#include "inspect/format.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::inspect {
namespace {

using backbone::ModelConfig;
using nlohmann::json;

ModelConfig attention_config() {
  return {.name = "vit",
          .options = {{"img_size", 32},
                      {"patch", 8},
                      {"dim", 24},
                      {"depth", 2},
                      {"num_classes", 10},
                      {"mixer", "attention"},
                      {"mixer_options", {{"num_heads", 3}}}}};
}

TEST(ModelCard, NamesPartsOfBlocksTogether) {
  EXPECT_EQ(part_of("blocks.11.mixer.filter_fn.implicit_filter.0.weight"), "blocks.*.mixer");
  EXPECT_EQ(part_of("blocks.1.layer.ff.0.0.weight"), "blocks.*.layer.ff");
  EXPECT_EQ(part_of("stages.2.17.token_mixer.long_conv.z"), "stages.*.*.token_mixer");
  EXPECT_EQ(part_of("head.fc1.weight"), "head");
  EXPECT_EQ(part_of("pos_embed"), "pos_embed");
  EXPECT_EQ(part_of("weights.0"), "weights.*");
  EXPECT_EQ(part_of(""), "");
}

TEST(ModelCard, CountsAModelByHand) {
  const ModelConfig config = attention_config();
  const auto model = backbone::make_model<backbone::VisionModel>(config);
  model->train();
  const ModelCard card = model_card(*model, config);
  EXPECT_TRUE(model->is_training()) << "the model must be as it was";

  // Widths D, patches N, MLP 4D, 10 classes, two blocks; weights and biases.
  const std::int64_t d = 24, n = 16, pixels = 3 * 8 * 8;
  const std::int64_t block =
      2 * 2 * d + (d * 3 * d + 3 * d) + (d * d + d) + (4 * d * d + 4 * d) + (4 * d * d + d);
  EXPECT_EQ(card.parameters, (pixels * d + d) + n * d + 2 * block + 2 * d + (10 * d + 10));
  EXPECT_EQ(card.buffers, 0);
  EXPECT_EQ(card.weight_bytes, 4.0 * static_cast<double>(card.parameters));
  EXPECT_EQ(card.training_bytes, 16.0 * static_cast<double>(card.parameters));
  EXPECT_EQ(card.dtypes, (std::map<std::string, std::int64_t>{{"F32", card.parameters}}));

  // A multiply-add is 2. Attention: q kᵀ and its product with v.
  EXPECT_EQ(card.compute.input_size, 32);
  EXPECT_EQ(card.compute.by_kind.at("linear"), 2.0 * (2 * n * 12 * d * d + 10 * d));
  EXPECT_EQ(card.compute.by_kind.at("conv"), 2.0 * n * pixels * d);
  EXPECT_EQ(card.compute.by_kind.at("attention"), 2.0 * 2 * n * n * d * 2);

  std::int64_t elements = 0, tensors = 0;
  for (const PartSize& part : card.parts) {
    elements += part.elements;
    tensors += part.tensors;
  }
  EXPECT_EQ(elements, card.parameters);
  EXPECT_EQ(tensors, static_cast<std::int64_t>(model->state().size()));
  EXPECT_EQ(card.options.at("mixer_options").at("num_heads"), 3);
}

TEST(ModelCard, ReadsAFileOfOurs) {
  const tests::TemporaryFolder folder;
  const ModelConfig config{.name = "hyena_tiny_28", .options = {{"dim", 32}}};
  const auto model = backbone::make_model<backbone::VisionModel>(config);
  backbone::save_model(folder / "m.safetensors", *model, config,
                       {.class_names = {"a", "b", "c", "d"}, .mean = {0.5}, .std = {0.25}});
  const ModelCard card = model_card(folder / "m.safetensors");
  const ModelCard direct = model_card(*model, config);
  EXPECT_EQ(card.problems, std::vector<std::string>());
  EXPECT_EQ(card.parameters, direct.parameters);
  EXPECT_EQ(card.buffers, direct.buffers);
  EXPECT_EQ(card.frozen, direct.frozen);
  EXPECT_EQ(card.weight_bytes, direct.weight_bytes);
  EXPECT_EQ(card.compute.flops, direct.compute.flops);
  EXPECT_EQ(card.metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  EXPECT_EQ(card.options.at("dim"), 32);

  const std::string text = to_text(card);
  const auto line = [&](const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  };
  line("\nmodel       hyena_tiny_28, family vit (recorded in the file)\n");
  line("\ninput       1 x 28 x 28, normalised with mean 0.5 and std 0.25\n");
  line("\nclasses     10 (a, b, c, …)\n");
  line("\n  dim = 32\n");
  line("FLOPs for a picture of 28 x 28 pixels (a multiply-add is 2): ");
  const json parsed = json::parse(to_json(card).dump());
  EXPECT_EQ(parsed.at("name"), "hyena_tiny_28");
  EXPECT_EQ(parsed.at("parameters"), card.parameters);
  EXPECT_EQ(parsed.at("notes").at("class_names").size(), 4U);

  // Four times the pixels; the convolutions of the stem grow in proportion.
  const ModelCard larger = model_card(folder / "m.safetensors", 56);
  EXPECT_EQ(larger.compute.input_size, 56);
  EXPECT_EQ(larger.compute.by_kind.at("conv"), 4 * card.compute.by_kind.at("conv"));
  EXPECT_EQ(larger.parameters, card.parameters);
  const ModelCard odd = model_card(folder / "m.safetensors", 30);
  ASSERT_EQ(odd.problems.size(), 1U);
  EXPECT_TRUE(odd.problems[0].starts_with("operations not counted: ")) << odd.problems[0];
}

TEST(ModelCard, DescribesReferenceFilesAndNamesItsAssumptions) {
  const auto file = tests::golden_dir() / "timm_vit" / "cls_token" / "model.safetensors";
  HYENA_REQUIRE_FOLDER(file);
  const ModelCard card = model_card(file, 0, {{"mixer_options", {{"num_heads", 3}}}});
  EXPECT_EQ(card.family, "vit");
  EXPECT_FALSE(card.recorded);
  EXPECT_TRUE(card.problems.empty());
  EXPECT_GT(card.compute.flops, 0);
  EXPECT_TRUE(card.metadata.contains("config"));
  EXPECT_NE(to_text(card).find("vit (inferred from keys and shapes)"), std::string::npos);
}

TEST(ModelCard, DescribesFilesOfOtherModels) {
  const tests::TemporaryFolder folder;
  backbone::write_tensors(folder / "m.safetensors",
                          {{"layers.0.conv.weight", at::randn({4, 3, 3, 3}).to(at::kHalf)},
                           {"layers.1.conv.weight", at::randn({4, 4, 3, 3}).to(at::kHalf)},
                           {"fc.weight", at::randn({10, 4})}},
                          {{"note", "two\nlines"}});
  const ModelCard card = model_card(folder / "m.safetensors");
  EXPECT_EQ(card.family, "");
  EXPECT_EQ(card.parameters, 108 + 144 + 40);
  EXPECT_EQ(card.weight_bytes, 2 * 252 + 4 * 40);
  ASSERT_EQ(card.parts.size(), 2U);
  EXPECT_EQ(card.parts[1].part, "layers.*.conv");
  EXPECT_EQ(card.parts[1].elements, 252);
  ASSERT_EQ(card.problems.size(), 1U);
  const std::string text = to_text(card);
  EXPECT_NE(text.find("model       not one of `hyena models`\n"), std::string::npos) << text;
  EXPECT_NE(text.find("dtype       F16 252, F32 40\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  note = two lines\n"), std::string::npos) << text;
  EXPECT_EQ(to_json(card).at("options"), nullptr);
}

TEST(ModelCard, SaysWhatTheFileClaimsEvenIfTheWeightsDoNotFit) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "m.safetensors";
  const auto model = backbone::make_model<backbone::VisionModel>(attention_config());
  backbone::save_model(path, *model, attention_config());
  const auto metadata = backbone::SafetensorsFile(path).metadata();
  auto tensors = backbone::read_tensors(path);
  tensors.erase("head.bias");
  backbone::write_tensors(path, tensors, metadata);
  const ModelCard card = model_card(path);
  EXPECT_EQ(card.family, "vit");
  EXPECT_TRUE(card.recorded);
  EXPECT_EQ(card.options.at("dim"), 24);
  EXPECT_EQ(card.parameters, model->parameter_count() - 10);
  ASSERT_EQ(card.problems.size(), 1U);
  EXPECT_NE(card.problems[0].find("missing (head.bias)"), std::string::npos) << card.problems[0];
  EXPECT_NE(to_text(card).find("\nproblems\n  cannot load "), std::string::npos);
}

TEST(Format, KeepsNumbersShort) {
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(29'353'001), "29.35 M");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(short_number(1.0 / 3), "0.3333");
}

}  // namespace
}  // namespace hyena::inspect
