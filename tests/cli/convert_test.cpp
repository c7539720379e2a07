#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

/// `hyena convert`, and `hyena inspect` on what it reads and writes.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using nlohmann::json;

TEST(ConvertCommand, TurnsACheckpointIntoAModelFileAndSaysHow) {
  const fs::path from = golden_dir() / "safari_lm/mixed_hyena_attention/state_dict.pt";
  HYENA_REQUIRE_FOLDER(from);
  const TemporaryFolder folder;
  const std::string to = (folder / "m.safetensors").string();
  const auto end = hyena(
      {"convert", from.string(), to, "--dtype", "bf16", "--set", "attn_heads=2", "shift=0.25"});
  ASSERT_EQ(end.code, 0) << end.err;
  for (const char* part : {"read as: PyTorch\n", "sha256: ", "tensors loaded\n", "written: "}) {
    EXPECT_NE(end.out.find(part), std::string::npos) << part << end.out;
  }
  EXPECT_EQ(end.out.find("attn_heads"), std::string::npos) << "what is set is not assumed";
  const auto card = hyena({"inspect", to, "--json"});
  ASSERT_EQ(card.code, 0) << card.err;
  const json model = json::parse(card.out).at("model");
  EXPECT_EQ(model.at("family"), "causal_lm");
  EXPECT_EQ(model.at("options").at("attn_heads"), 2);
  EXPECT_EQ(model.at("options").at("mixer_options").at("shift"), 0.25);
  EXPECT_EQ(hyena({"inspect", from.string(), "--card"}).code, 0);
}

TEST(ConvertCommand, WritesFoldersForTheHub) {
  const fs::path from = golden_dir() / "hyenadna/standalone_backbone/weights.ckpt";
  HYENA_REQUIRE_FOLDER(from);
  const TemporaryFolder folder;
  const std::string hub = (folder / "hub").string();
  const auto end = hyena({"convert", from.string(), "--to-hf", hub});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_TRUE(fs::exists(fs::path(hub) / "model.safetensors"));
  EXPECT_EQ(json::parse(read_file(fs::path(hub) / "config.json")).at("architectures"),
            json::array({"HyenaDNAForCausalLM"}));
  EXPECT_EQ(hyena({"inspect", hub, "--card"}).code, 0);
}

TEST(ConvertCommand, ExplainsMistakes) {
  const TemporaryFolder folder;
  write_file(folder / "x", "nothing");
  const std::string x = (folder / "x").string();
  auto end = hyena({"convert", x});
  EXPECT_EQ(end.code, 2);
  EXPECT_NE(end.err.find("name a file to write"), std::string::npos) << end.err;
  end = hyena({"convert", x, (folder / "y").string()});
  EXPECT_EQ(end.code, 1);
  EXPECT_NE(end.err.find("safetensors"), std::string::npos) << end.err;
  EXPECT_FALSE(fs::exists(folder / "y"));
  EXPECT_EQ(hyena({"convert", x, (folder / "y").string(), "--dtype", "int8"}).code, 2);
}

}  // namespace
}  // namespace hyena
