#include "backbone/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/options.h"
#include "backbone/safetensors.h"
#include "backbone/tensor_file.h"
#include "backbone/vision_model.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// A model of a few thousand parameters whose mixer has a tensor under three names.
ModelConfig small_config() {
  return {.name = "safari_vit",
          .options = {{"img_size", 16},
                      {"patch", 4},
                      {"dim", 12},
                      {"depth", 2},
                      {"num_classes", 3},
                      {"mixer_options", {{"filter_order", 8}, {"emb_dim", 5}, {"w", 7.5}}}}};
}

ModelNotes some_notes() {
  return {.class_names = {"Katze", "chien", "кит"},
          .mean = {0.485, 0.456, 0.406},
          .std = {0.229, 0.224, 0.225},
          .input_size = 16,
          .crop_pct = 0.875,
          .training = {{"recipe", "none"}, {"epochs", 3}}};
}

at::Tensor logits(VisionModel& model, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  return model.forward(images);
}

template <class Error, class F>
std::string message_of(const F& f) {
  try {
    f();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

/// Rewrites the record of a saved file by `change`, tensors unchanged.
template <class F>
void edit_record(const fs::path& path, const F& change) {
  auto metadata = SafetensorsFile(path).metadata();
  const auto tensors = read_tensors(path);
  json record = json::parse(metadata.at(kModelKey));
  change(record);
  metadata[kModelKey] = record.dump();
  write_tensors(path, tensors, metadata);
}

TEST(Checkpoint, OneFileIsEnoughToRunAModel) {
  const tests::TemporaryFolder folder;
  const fs::path path = folder / "m.safetensors";
  const ModelConfig config = small_config();
  const auto model = make_model<VisionModel>(config);
  save_model(path, *model, config, some_notes());

  const LoadedModel<VisionModel> loaded = load_model<VisionModel>(path);
  const auto images = at::randn({2, 3, 16, 16});
  EXPECT_TRUE(logits(*loaded.model, images).equal(logits(*model, images)));
  const ModelDescription& description = loaded.description;
  EXPECT_TRUE(description.recorded);
  EXPECT_TRUE(description.assumed.empty());
  EXPECT_EQ(description.config.name, "safari_vit");
  EXPECT_EQ(description.config.options, resolved_options(config));
  EXPECT_EQ(description.config.options.at("mixer_options").at("w"), 7.5);
  EXPECT_EQ(notes_to_json(description.notes), notes_to_json(some_notes()));
  EXPECT_TRUE(loaded.report.complete());
}

TEST(Checkpoint, StoresASharedTensorOnce) {
  const tests::TemporaryFolder folder;
  const auto model = make_model<VisionModel>(small_config());
  save_model(folder / "m", *model, small_config());
  const SafetensorsFile file(folder / "m");
  const std::string filter = "blocks.0.layer.filter_fn.implicit_filter.";
  EXPECT_NE(file.find(filter + "1.freq"), nullptr);
  EXPECT_EQ(file.find(filter + "3.freq"), nullptr);
  EXPECT_EQ(file.find(filter + "5.freq"), nullptr);
  EXPECT_EQ(file.metadata().at("format"), "pt");
}

TEST(Checkpoint, KeepsBuffersAndOtherTypes) {
  const tests::TemporaryFolder folder;
  const ModelConfig config{.name = "vit",
                           .options = {{"img_size", 16},
                                       {"patch", 4},
                                       {"stem", "conv"},
                                       {"dim", 16},
                                       {"depth", 1},
                                       {"num_classes", 2}}};
  const auto model = make_model<VisionModel>(config);
  model->train();
  model->forward(at::randn({4, 3, 16, 16}));  // moves the statistics of the batch norms
  model->train(false);
  const auto images = at::randn({2, 3, 16, 16});
  save_model(folder / "m", *model, config);
  const auto loaded = load_model<VisionModel>(folder / "m");
  EXPECT_EQ(loaded.model->find("patch_embed.0.norm.num_batches_tracked").item<std::int64_t>(), 1);
  EXPECT_TRUE(logits(*loaded.model, images).equal(logits(*model, images)));

  model->to(at::kDouble);
  save_model(folder / "double", *model, config);
  EXPECT_EQ(SafetensorsFile(folder / "double").find("head.weight")->dtype, Dtype::kF64);
  const auto from_double = load_model<VisionModel>(folder / "double");
  EXPECT_TRUE(logits(*from_double.model, images).equal(logits(*loaded.model, images)));
}

TEST(Checkpoint, ChangesOptionsOnRequest) {
  const tests::TemporaryFolder folder;
  const auto model = make_model<VisionModel>(small_config());
  save_model(folder / "m", *model, small_config());
  const auto loaded = load_model<VisionModel>(folder / "m", {{"drop_path", 0.25}});
  EXPECT_EQ(loaded.description.config.options.at("drop_path"), 0.25);
  EXPECT_EQ(message_of<OptionError>([&] {
              load_model<VisionModel>(folder / "m", {{"drop_pth", 0.25}});
            }),
            message_of<OptionError>([&] {
              make_model<VisionModel>({.name = "safari_vit", .options = {{"drop_pth", 0.25}}});
            }));
}

TEST(Checkpoint, ReadsANameThatIsNoLongerKnownByItsFamily) {
  const tests::TemporaryFolder folder;
  const auto model = make_model<VisionModel>(small_config());
  save_model(folder / "m", *model, small_config());
  edit_record(folder / "m", [](json& record) { record["name"] = "a_model_of_next_year"; });
  EXPECT_EQ(load_model<VisionModel>(folder / "m").description.config.name, "safari_vit");
}

TEST(Checkpoint, RefusesTheWeightsOfAnotherModel) {
  const tests::TemporaryFolder folder;
  const fs::path path = folder / "m.safetensors";
  const auto model = make_model<VisionModel>(small_config());
  save_model(path, *model, small_config());
  edit_record(path, [](json& record) { record["options"]["num_classes"] = 5; });
  EXPECT_EQ(message_of<ImportError>([&] { load_model<VisionModel>(path); }),
            "cannot load " + path.string() +
                " into this model: 2 of another shape or kind (head.weight: file [3, 12] F32, "
                "model [5, 12] F32, head.bias: file [3] F32, model [5] F32). It belongs to another "
                "model or to other options: `hyena inspect " +
                path.string() + "` shows which; --init takes over what fits");
  write_tensors(path, {{"conv1.weight", at::randn({4, 3, 7, 7})},
                       {"bn1.bias", at::randn({4})},
                       {"layer1.0.conv1.weight", at::randn({4, 4, 3, 3})},
                       {"fc.weight", at::randn({10, 4})}});
  EXPECT_EQ(message_of<ImportError>([&] { load_model<VisionModel>(path); }),
            path.string() +
                ": no model configuration in the metadata, and the names of its 4 tensors "
                "(bn1.bias, conv1.weight, fc.weight, …) fit no family of `hyena models`; `hyena "
                "inspect " +
                path.string() + "` lists them");
}

TEST(Checkpoint, RefusesDamagedMetadata) {
  const tests::TemporaryFolder folder;
  const fs::path path = folder / "m.safetensors";
  const auto model = make_model<VisionModel>(small_config());
  const auto message = [&](const std::function<void(json&)>& change) {
    save_model(path, *model, small_config());
    edit_record(path, change);
    return message_of<ImportError>([&] { load_model<VisionModel>(path); });
  };
  const std::string damaged = path.string() + ": the metadata 'hyena.model' is damaged: ";
  EXPECT_EQ(message([](json& record) { record.erase("options"); }),
            damaged + "key 'options' not found");
  EXPECT_EQ(message([](json& record) { record["options"] = 3; }),
            damaged + "the options are no object");
  EXPECT_EQ(message([](json& record) { record["name"] = 3; }),
            damaged + "type must be string, but is number");
  EXPECT_EQ(message([](json& record) { record["notes"]["mean"] = "x"; }),
            damaged + "type must be array, but is string");
  EXPECT_EQ(message([](json& record) { record["format_version"] = 2; }),
            path.string() +
                ": written by a newer version of this program (format 2, this one reads up to 1); "
                "update to read it");
  write_tensors(path, {}, {{kModelKey, "{"}});
  EXPECT_EQ(message_of<ImportError>([&] {
              load_model<VisionModel>(path);
            }).substr(0, damaged.size() + 11),
            damaged + "parse error");
}

TEST(Checkpoint, RefusesATruncatedFile) {
  const tests::TemporaryFolder folder;
  const fs::path path = folder / "m.safetensors";
  const auto model = make_model<VisionModel>(small_config());
  save_model(path, *model, small_config());
  const std::string whole = tests::read_file(path);
  tests::write_file(path, whole.substr(0, whole.size() - 100));
  const std::string message = message_of<SafetensorsError>([&] { load_model<VisionModel>(path); });
  EXPECT_NE(message.find("; it is cut short or damaged"), std::string::npos) << message;
}

TEST(Checkpoint, LeavesTheOldFileWhenTheNewOneCannotBeWritten) {
  const tests::TemporaryFolder folder;
  const fs::path path = folder / "m.safetensors";
  const auto model = make_model<VisionModel>(small_config());
  save_model(path, *model, small_config());
  const std::string before = tests::read_file(path);
  EXPECT_THROW(save_model(path, *model, {.name = "no_such_model", .options = {}}), OptionError);
  EXPECT_EQ(tests::read_file(path), before);
}

/// Reference files have no metadata: family and options come from keys and shapes.
class GoldenCheckpoint : public testing::TestWithParam<std::pair<std::string, std::string>> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenCheckpoint);

TEST_P(GoldenCheckpoint, RunsWithWhatItsShapesTell) {
  const auto& [family, name] = GetParam();
  const auto folder = tests::golden_dir() / family / name;
  const json config = tests::read_config(folder / "config.json");
  // The one number that shapes cannot tell and results depend on.
  json overrides = json::object();
  json layer = config.value("layer", config);
  if (family != "hyenapixel" && layer.value("_name_", "vit") == "vit") {
    overrides["mixer_options"] = {{"num_heads", layer.at("num_heads")}};
  }
  if (!config.contains("image_size")) overrides["img_size"] = config.at("img_size");
  const LoadedModel<VisionModel> loaded =
      load_model<VisionModel>(folder / "model.safetensors", overrides);
  EXPECT_FALSE(loaded.description.recorded);
  auto io = tests::read_tensors(folder / "io.safetensors");
  EXPECT_TRUE(tests::close(logits(*loaded.model, io.at("image")), io.at("logits"), 1e-5));
  for (const std::string& line : loaded.description.assumed) {
    EXPECT_FALSE(line.starts_with("num_heads:") && overrides.contains("mixer_options")) << line;
  }
}

std::vector<std::pair<std::string, std::string>> golden_models() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string family : {"safari_vit", "timm_vit", "hyenapixel"}) {
    for (const std::string& name : tests::golden_cases(family, true))
      out.emplace_back(family, name);
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Golden, GoldenCheckpoint, testing::ValuesIn(golden_models()),
                         [](const auto& c) {
                           return tests::test_name(c.param.first + "_" + c.param.second);
                         });

}  // namespace
}  // namespace hyena::backbone
