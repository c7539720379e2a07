#include "backbone/convert.h"

#include <cstdlib>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/language_model.h"
#include "backbone/options.h"
#include "backbone/safetensors.h"
#include "backbone/tensor_file.h"
#include "backbone/vision_model.h"
#include "backbone/weights/sha256.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path golden(const std::string& name) {
  return tests::golden_dir() / name;
}

at::Tensor logits(const fs::path& path, const at::Tensor& ids,
                  const json& overrides = json::object()) {
  const at::NoGradGuard no_grad;
  const auto loaded = load_model<LanguageModel>(path, overrides);
  loaded.model->train(false);
  return loaded.model->info().num_classes > 0 ? loaded.model->classify(ids)
                                              : loaded.model->forward(ids);
}

TEST(Sha256, GivesThePublishedHashes) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Convert, WritesAFileThatGivesTheSameNumbersBitForBit) {
  HYENA_REQUIRE_FOLDER(golden("safari_lm"));
  const tests::TemporaryFolder folder;
  for (const std::string from :
       {"safari_lm/mixed_hyena_attention/lightning.ckpt", "safari_lm/attention/legacy_names.pt",
        "safari_lm/hyena_order2/state_dict_views.pt",
        "hyenadna/standalone_order3/model.safetensors",
        "hyenadna/hf_HyenaDNAForCausalLM/model.safetensors"}) {
    SCOPED_TRACE(from);
    const auto io = tests::read_tensors(golden(from).parent_path() / "io.safetensors");
    const json settings =
        from.find("legacy") == from.npos ? json::object() : json{{"num_heads", 4}};
    const fs::path to = folder / "model.safetensors";
    const auto result = convert_model(golden(from), to, {.overrides = settings});
    EXPECT_TRUE(result.report.complete());
    const auto& ids = io.at("input_ids");
    EXPECT_TRUE(logits(to, ids).equal(logits(golden(from), ids, settings)));
    const SafetensorsFile file(to);
    const auto said = describe_model(file);
    EXPECT_TRUE(said.recorded);
    EXPECT_TRUE(said.assumed.empty());
    EXPECT_EQ(said.notes.training.at("converted_from").at(0).at("sha256"),
              sha256_of_file(golden(from)));
    // Once more, from our own file: nothing changes.
    convert_model(to, folder / "again.safetensors");
    EXPECT_TRUE(logits(folder / "again.safetensors", ids).equal(logits(to, ids)));
  }
}

TEST(Convert, WorksForPictureModels) {
  const auto from = golden("hyenapixel/c_hpx_former_s18/pytorch_model.bin");
  HYENA_REQUIRE_FOLDER(from);
  const tests::TemporaryFolder folder;
  convert_model(from, folder / "m.safetensors");
  const at::NoGradGuard no_grad;
  const auto image = at::randn({1, 3, 64, 64});
  const auto a = load_model<VisionModel>(from),
             b = load_model<VisionModel>(folder / "m.safetensors");
  a.model->train(false);
  b.model->train(false);
  EXPECT_TRUE(a.model->forward(image).equal(b.model->forward(image)));
}

TEST(Convert, SaysWhatBecameOfTheTensors) {
  const auto from = golden("safari_lm/attention/legacy_names.pt");
  HYENA_REQUIRE_FOLDER(from);
  const tests::TemporaryFolder folder;
  const std::string text = convert_model(from, folder / "m").text();
  for (const char* part :
       {"model: causal_lm (inferred from keys and shapes)", "read as: PyTorch", "sha256: ",
        "tensors loaded", "  embedding.weight -> backbone.embeddings.word_embeddings.weight",
        "layers.0.mixer.q_proj.bias + s4seq.encoder.layers.0.mixer.k_proj.bias + "
        "s4seq.encoder.layers.0.mixer.v_proj.bias -> backbone.layers.0.mixer.Wqkv.bias",
        "assumed, since the file does not say", "  num_heads: 1 for 16 channels"}) {
    EXPECT_NE(text.find(part), text.npos) << part << "\n" << text;
  }
  const auto dtypes = convert_model(golden("safari_lm/hyena_order2/state_dict_bf16.pt"),
                                    folder / "m", {.weights = at::kHalf});
  EXPECT_NE(dtypes.text().find("converted from BF16 to F32"), std::string::npos);
  const SafetensorsFile file(folder / "m");
  const std::string filter = "backbone.layers.0.mixer.filter_fn.";
  EXPECT_EQ(file.find("backbone.ln_f.weight")->dtype, Dtype::kF16);
  EXPECT_EQ(file.find(filter + "pos_emb.z")->dtype, Dtype::kF32);
  EXPECT_EQ(file.find(filter + "modulation.deltas")->dtype, Dtype::kF32);
}

TEST(Convert, NeverWritesOverWhatItReads) {
  const tests::TemporaryFolder folder;
  HYENA_REQUIRE_FOLDER(golden("safari_lm"));
  fs::copy_file(golden("safari_lm/hyena_order2/model.safetensors"), folder / "model.safetensors");
  const std::string before = tests::read_file(folder / "model.safetensors");
  EXPECT_THROW(convert_model(folder / "model.safetensors", folder / "model.safetensors"),
               OptionError);
  EXPECT_THROW(convert_model(folder / "model.safetensors", "", {.hub_folder = folder.path()}),
               OptionError);
  EXPECT_EQ(tests::read_file(folder / "model.safetensors"), before);
}

class HubFolder : public testing::TestWithParam<std::string> {};

TEST_P(HubFolder, EqualsTheReferences) {
  const fs::path reference = golden("hyenadna/" + GetParam());
  HYENA_REQUIRE_FOLDER(reference);
  const tests::TemporaryFolder folder;
  fs::create_directories(folder / "in");
  fs::copy_file(reference / "hf_config.json", folder / "in" / "config.json");
  fs::copy_file(reference / "model.safetensors", folder / "in" / "model.safetensors");
  ConvertOptions options{.hub_folder = folder / "out"};
  if (GetParam() == "hf_HyenaDNAModel") options.hub_part = "backbone";
  convert_model(folder / "in", folder / "ours.safetensors", options);

  const SafetensorsFile expected(reference / "model.safetensors");
  const SafetensorsFile actual(folder / "out" / "model.safetensors");
  EXPECT_EQ(actual.tensors(), expected.tensors()) << "names, types, shapes and places";
  for (const TensorEntry& entry : expected.tensors()) {
    EXPECT_TRUE(read_tensor(actual, entry).equal(read_tensor(expected, entry))) << entry.name;
  }

  json config = json::parse(tests::read_file(folder / "out" / "config.json"));
  json wanted = json::parse(tests::read_file(reference / "hf_config.json"));
  if (GetParam() != "hf_HyenaDNAForSequenceClassification") {
    // Labels of a classifier that is not there.
    for (const char* key : {"id2label", "label2id"}) {
      EXPECT_TRUE(config.contains(key));
      config.erase(key);
      wanted.erase(key);
    }
  }
  EXPECT_EQ(config, wanted);

  // And back again, from the folder and from our own file.
  const auto io = tests::read_tensors(reference / "io.safetensors");
  const auto& ids = io.at("input_ids");
  EXPECT_TRUE(logits(folder / "out", ids).equal(logits(folder / "in", ids)));
  EXPECT_TRUE(logits(folder / "ours.safetensors", ids).equal(logits(folder / "in", ids)));
}

TEST_P(HubFolder, IsReadByPythonsSafetensors) {
  const fs::path reference = golden("hyenadna/" + GetParam());
  HYENA_REQUIRE_FOLDER(reference);
  if (std::system("python3 -c 'import safetensors.numpy' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3 has no safetensors";
  }
  const tests::TemporaryFolder folder;
  ConvertOptions options{.hub_folder = folder / "out"};
  if (GetParam() == "hf_HyenaDNAModel") options.hub_part = "backbone";
  convert_model(reference / "model.safetensors", "", options);
  tests::write_file(folder / "compare.py",
                    "import sys\n"
                    "from safetensors.numpy import load_file\n"
                    "a, b = (load_file(f + '/model.safetensors') for f in sys.argv[1:])\n"
                    "assert list(a) == list(b), set(a) ^ set(b)\n"
                    "for k in a:\n"
                    "    assert a[k].dtype == b[k].dtype and (a[k] == b[k]).all(), k\n");
  const std::string command = "python3 " + (folder / "compare.py").string() + " " +
                              (folder / "out").string() + " " + reference.string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

INSTANTIATE_TEST_SUITE_P(Golden, HubFolder,
                         testing::Values("hf_HyenaDNAModel", "hf_HyenaDNAForCausalLM",
                                         "hf_HyenaDNAForSequenceClassification"),
                         [](const auto& name) { return name.param; });

TEST(HubFolder, RefusesWhatThePortCannotRun) {
  HYENA_REQUIRE_FOLDER(golden("safari_lm"));
  const tests::TemporaryFolder folder;
  const auto refusal = [&](const std::string& from, const json& settings,
                           const std::string& part = "") -> std::string {
    try {
      convert_model(golden(from), "",
                    {.overrides = settings, .hub_folder = folder / "hub", .hub_part = part});
      return "";
    } catch (const OptionError& error) {
      return error.what();
    }
  };
  const std::string port = "Hugging Face's port of HyenaDNA has ";
  EXPECT_EQ(refusal("safari_lm/hyena_order2/state_dict.pt", json::object()),
            port + "shift 0.05 built in, this model has 0.0");
  EXPECT_EQ(refusal("safari_lm/hyena_order2/state_dict.pt", {{"shift", 0.05}}), "");
  EXPECT_EQ(refusal("safari_lm/mixed_hyena_attention/state_dict.pt", {{"shift", 0.05}}),
            port + "attn_layer_idx [] built in, this model has [1]");
  EXPECT_EQ(refusal("hyenadna/standalone_order3/model.safetensors", json::object()),
            port + "order 2 built in, this model has 3");
  EXPECT_EQ(refusal("hyenadna/standalone_classifier_pool/model.safetensors", json::object()),
            port + "class_bias false built in, this model has true");
  EXPECT_EQ(
      refusal("hyenadna/hf_HyenaDNAForCausalLM/model.safetensors", json::object(), "classifier"),
      "this model has no classifier; it can be written as 'causal-lm' or 'backbone', not as "
      "'classifier'");
  EXPECT_EQ(refusal("hyenapixel/c_hpx_former_s18/model.safetensors", json::object()),
            "only language models can be written for Hugging Face's port of HyenaDNA; 'metaformer' "
            "is none");
}

}  // namespace
}  // namespace hyena::backbone
