// Whole checkpoints of other programs, in every kind of file: loaded by what they hold, and then
// their reference's numbers.
#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/checkpoint.h"
#include "backbone/language_model.h"
#include "backbone/options.h"
#include "backbone/vision_model.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TEST(ForeignWeights, HyenaPixelsNestedPyTorchFile) {
  const fs::path folder = tests::golden_dir() / "hyenapixel/c_hpx_former_s18";
  HYENA_REQUIRE_FOLDER(folder);
  const auto io = tests::read_tensors(folder / "io.safetensors");
  for (const char* file : {"pytorch_model.bin", "model.safetensors", ""}) {
    auto loaded = load_model<VisionModel>(folder / file);
    EXPECT_TRUE(loaded.report.complete()) << file;
    loaded.model->train(false);
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(tests::close(loaded.model->forward(io.at("image")), io.at("logits"), 1e-5)) << file;
  }
}

/// The files of a case that hold its weights.
std::vector<std::string> weight_files(const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const bool weights = name.ends_with(".pt") || name.ends_with(".ckpt") || name.ends_with(".bin");
    if (weights || name == "model.safetensors") out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

LoadedModel<LanguageModel> load(const fs::path& file, const json& overrides = json::object()) {
  auto loaded = load_model<LanguageModel>(file, overrides);
  EXPECT_TRUE(loaded.report.complete()) << loaded.report.text();
  loaded.model->train(false);
  return loaded;
}

bool assumes(const ModelDescription& description, const std::string& option) {
  return std::ranges::any_of(
      description.assumed, [&](const std::string& line) { return line.starts_with(option + ":"); });
}

/// The number of heads, which shapes do not tell.
json heads(const json& config) {
  const auto cfg = config.find("attn_cfg");
  if (cfg == config.end()) return json::object();
  const bool all = config.at("attn_layer_idx").size() == config.at("n_layer");
  return {{all ? "num_heads" : "attn_heads", cfg->at("num_heads")}};
}

class SafariLm : public testing::TestWithParam<std::string> {};

TEST_P(SafariLm, GivesTheReferencesNumbersFromEveryFile) {
  const fs::path folder = tests::golden_dir() / "safari_lm" / GetParam();
  const auto io = tests::read_tensors(folder / "io.safetensors");
  const json config = tests::read_config(folder / "config.json");
  const double tolerance = GetParam() == "hyena_order3_zparam" ? 1e-4 : 1e-5;
  const at::NoGradGuard no_grad;
  if (GetParam() == "h3") {
    for (const std::string& file : weight_files(folder)) {
      try {
        load(folder / file);
        FAIL() << file;
      } catch (const ImportError& error) {
        EXPECT_NE(std::string(error.what()).find("layer 0 is H3, which this version does not have"),
                  std::string::npos)
            << error.what();
      }
    }
    GTEST_SKIP() << "safari_lm/h3: H3 does not exist here yet";
  }
  EXPECT_GE(weight_files(folder).size(), 3U);
  for (const std::string& file : weight_files(folder)) {
    SCOPED_TRACE(file);
    const auto loaded = load(folder / file, heads(config));
    const auto& ids = io.at("input_ids");
    const auto logits = loaded.model->forward(ids);
    if (file.ends_with("16.pt")) {
      // Other numbers: those of the exact weights, rounded.
      const auto exact = load(folder / "model.safetensors", heads(config));
      const auto type = file.ends_with("_bf16.pt") ? at::kBFloat16 : at::kHalf;
      for (const NamedTensor& entry : exact.model->state()) {
        at::Tensor(entry.tensor).copy_(entry.tensor.to(type));
      }
      EXPECT_TRUE(logits.equal(exact.model->forward(ids)));
      EXPECT_FALSE(tests::close(logits, io.at("logits"), 1e-5));
      EXPECT_EQ(loaded.report.converted.size(), 1U) << loaded.report.text();
      continue;
    }
    EXPECT_TRUE(tests::close(logits, io.at("logits"), tolerance));
    EXPECT_TRUE(tests::close(loaded.model->loss(ids, io.at("targets")).reshape({1}),
                             io.at("loss").reshape({1}), 1e-6));
    EXPECT_TRUE(tests::close(loaded.model->forward_features(ids), io.at("last_hidden"), tolerance));
    if (!file.ends_with(".ckpt")) continue;
    const std::string text = loaded.report.text();
    EXPECT_NE(text.find("train_torchmetrics"), text.npos) << text;
    EXPECT_NE(text.find("optimizer_states"), text.npos) << text;
  }
}

TEST_P(SafariLm, KnowsFromLightningsFilesWhatShapesDoNotTell) {
  const fs::path folder = tests::golden_dir() / "safari_lm" / GetParam();
  if (GetParam() == "h3") GTEST_SKIP() << "safari_lm/h3: H3 does not exist here yet";
  const auto io = tests::read_tensors(folder / "io.safetensors");
  const at::NoGradGuard no_grad;
  for (const char* file : {"lightning.ckpt", "lightning_omegaconf.ckpt"}) {
    if (!fs::exists(folder / file)) continue;
    const auto loaded = load(folder / file);
    EXPECT_TRUE(tests::close(loaded.model->forward(io.at("input_ids")), io.at("logits"), 1e-4));
    EXPECT_FALSE(assumes(loaded.description, "attn_heads")) << file;
    EXPECT_FALSE(assumes(loaded.description, "num_heads")) << file;
    EXPECT_FALSE(assumes(loaded.description, "vocab_size")) << file;
    EXPECT_EQ(loaded.description.config.options.at("embed_dropout"), 0.1) << file;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, SafariLm,
                         testing::ValuesIn(tests::golden_cases("safari_lm", /*folders=*/true)),
                         [](const auto& name) { return tests::test_name(name.param); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SafariLm);

/// Targets of next-token prediction: ids moved by one, `ignored` and the last place left out.
at::Tensor next_tokens(const at::Tensor& ids, std::int64_t ignored) {
  const auto next = at::cat({ids.slice(1, 1), at::full({ids.size(0), 1}, -100, at::kLong)}, 1);
  return at::where(next.eq(ignored), at::full_like(next, -100), next);
}

TEST(HyenaDna, BackboneFromEveryFileWithEitherShift) {
  const fs::path folder = tests::golden_dir() / "hyenadna/standalone_backbone";
  HYENA_REQUIRE_FOLDER(folder);
  const auto io = tests::read_tensors(folder / "io.safetensors");
  const auto lm = tests::read_tensors(folder / "lm_io.safetensors");
  const auto files = weight_files(folder);
  EXPECT_EQ(files.size(), 4U);
  const at::NoGradGuard no_grad;
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    const auto loaded = load(folder / file);
    EXPECT_TRUE(assumes(loaded.description, "shift"));
    EXPECT_EQ(loaded.model->info().vocab_size, 12);
    EXPECT_EQ(loaded.model->info().padded_vocab_size, 16);
    EXPECT_TRUE(
        tests::close(loaded.model->forward_features(io.at("input_ids")), io.at("hidden"), 1e-5));
    for (const bool shifted : {true, false}) {
      const auto model = load(folder / file, {{"shift", shifted ? 0.05 : 0.0}});
      EXPECT_FALSE(assumes(model.description, "shift"));
      const std::string end = shifted ? "_shift005" : "_shift0";
      const auto& ids = lm.at("input_ids");
      EXPECT_TRUE(tests::close(model.model->forward(ids), lm.at("lm_logits" + end), 1e-5));
      EXPECT_TRUE(tests::close(model.model->loss(ids, next_tokens(ids, 4)).reshape({1}),
                               lm.at("lm_loss" + end), 1e-6));
    }
  }
}

TEST(HyenaDna, OrderThreeInTheLayoutOfTheStandaloneCode) {
  const fs::path folder = tests::golden_dir() / "hyenadna/standalone_order3";
  HYENA_REQUIRE_FOLDER(folder);
  const auto io = tests::read_tensors(folder / "io.safetensors");
  const at::NoGradGuard no_grad;
  const auto loaded = load(folder / "model.safetensors");
  EXPECT_TRUE(assumes(loaded.description, "filter_layout"));
  const auto& ids = io.at("input_ids");
  EXPECT_TRUE(tests::close(loaded.model->forward_features(ids), io.at("hidden"), 1e-5));
  const auto other = load(folder / "model.safetensors", {{"filter_layout", "channel_major"}});
  EXPECT_FALSE(tests::close(other.model->forward_features(ids), io.at("hidden"), 1e-2));
}

TEST(HyenaDna, ClassifierWithEveryWayToPool) {
  const fs::path folder = tests::golden_dir() / "hyenadna/standalone_classifier_pool";
  HYENA_REQUIRE_FOLDER(folder);
  const auto io = tests::read_tensors(folder / "io.safetensors");
  const at::NoGradGuard no_grad;
  const auto& ids = io.at("input_ids");
  const auto loaded = load(folder / "model.safetensors");
  EXPECT_TRUE(assumes(loaded.description, "class_pool"));
  EXPECT_TRUE(tests::close(loaded.model->classify(ids), io.at("logits"), 1e-5));
  for (const std::string pool : {"last", "first", "sum"}) {
    const auto other = load(folder / "model.safetensors", {{"class_pool", pool}});
    EXPECT_TRUE(tests::close(other.model->classify(ids), io.at("logits_mode_" + pool), 1e-5))
        << pool;
  }
}

/// The folder that Hugging Face's hub would have: golden folders have the case's own config.json.
void make_hub_folder(const fs::path& golden, const fs::path& to) {
  fs::create_directories(to);
  fs::copy_file(golden / "hf_config.json", to / "config.json");
  fs::copy_file(golden / "model.safetensors", to / "model.safetensors");
}

TEST(HyenaDna, PortsFromFileAndFolder) {
  const fs::path golden = tests::golden_dir() / "hyenadna";
  HYENA_REQUIRE_FOLDER(golden);
  const at::NoGradGuard no_grad;
  for (const std::string name :
       {"hf_HyenaDNAModel", "hf_HyenaDNAForCausalLM", "hf_HyenaDNAForSequenceClassification"}) {
    SCOPED_TRACE(name);
    const auto io = tests::read_tensors(golden / name / "io.safetensors");
    const tests::TemporaryFolder folder;
    make_hub_folder(golden / name, folder / "hub");
    for (const fs::path& path : {golden / name / "model.safetensors", folder / "hub"}) {
      const auto loaded = load(path);
      const auto& ids = io.at("input_ids");
      if (name == "hf_HyenaDNAModel") {
        EXPECT_TRUE(tests::close(loaded.model->forward_features(ids), io.at("last_hidden"), 1e-5));
      } else if (name == "hf_HyenaDNAForCausalLM") {
        EXPECT_FALSE(loaded.description.config.options.at("tie_embeddings").get<bool>());
        EXPECT_TRUE(tests::close(loaded.model->forward(ids), io.at("logits"), 1e-5));
        EXPECT_TRUE(
            tests::close(loaded.model->loss(ids, next_tokens(io.at("labels"), -100)).reshape({1}),
                         io.at("loss"), 1e-6));
      } else {
        EXPECT_TRUE(tests::close(loaded.model->classify(ids), io.at("logits"), 1e-5));
        EXPECT_TRUE(tests::close(loaded.model->classify(io.at("input_ids_right_padded")),
                                 io.at("logits_right_padded"), 1e-5));
      }
    }
    const auto from_folder = load(folder / "hub");
    EXPECT_FALSE(assumes(from_folder.description, "vocab_size"));
    EXPECT_EQ(from_folder.description.config.options.at("embed_dropout"), 0.1);
    if (name == "hf_HyenaDNAForSequenceClassification") {
      EXPECT_EQ(from_folder.description.notes.class_names,
                (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}));
    }
  }
}

TEST(HyenaDna, SettingsThatContradictTheWeightsAreRefused) {
  const fs::path golden = tests::golden_dir() / "hyenadna/hf_HyenaDNAForCausalLM";
  HYENA_REQUIRE_FOLDER(golden);
  const tests::TemporaryFolder folder;
  make_hub_folder(golden, folder / "hub");
  const json good = json::parse(tests::read_file(folder / "hub" / "config.json"));
  const auto refusal = [&](const char* key, const json& value) -> std::string {
    json changed = good;
    changed[key] = value;
    tests::write_file(folder / "hub" / "config.json", changed.dump());
    try {
      load(folder / "hub");
      return "";
    } catch (const ImportError& error) {
      return std::string(error.what()).substr((folder / "hub").string().size() + 2);
    }
  };
  const std::string settings = "the settings beside the weights ";
  EXPECT_EQ(refusal("d_model", 64), settings +
                                        "say d_model 64, and the weights have 32; they "
                                        "belong to another model");
  EXPECT_EQ(refusal("vocab_size", 100),
            settings + "say vocab_size 100, and the embedding has 16 rows");
  EXPECT_EQ(refusal("n_layer", "two"), settings + "have \"two\" for 'n_layer'; a size is needed");
  EXPECT_EQ(refusal("embed_dropout", "x"),
            settings + "have \"x\" for 'embed_dropout'; number is needed");
}

}  // namespace
}  // namespace hyena::backbone
