#include "backbone/weights/weight_folder.h"

#include <cstring>

#include <gtest/gtest.h>

#include "backbone/pickle/torch_error.h"
#include "backbone/safetensors.h"
#include "backbone/weights/open_weights.h"
#include "tests/backbone/torch_writer.h"
#include "tests/support/files.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;
using tests::raw;

const std::vector<float> kA{0.5F, -1.25F, 3.0F, 7.5F, -0.125F, 2.0F};
const std::vector<float> kB{4.75F, -9.0F};

void write_shard(const fs::path& path, const std::string& name, const std::vector<float>& values) {
  write_safetensors(path, {{.name = name,
                            .dtype = Dtype::kF32,
                            .shape = {static_cast<std::int64_t>(values.size())},
                            .data = std::as_bytes(std::span(values))}});
}

/// A state dict with `values` under `name`, nested below `within` where that is not empty.
std::string torch_shard(const std::string& name, const std::vector<float>& values,
                        const std::string& within = "") {
  const auto count = static_cast<std::int64_t>(values.size());
  std::string pickle =
      tests::ordered({{tests::text(name), tests::tensor(tests::storage("FloatStorage", "0", count),
                                                        0, {count}, {1})}});
  if (!within.empty()) {
    pickle = tests::dict({{tests::text("epoch"), tests::whole(3)}, {tests::text(within), pickle}});
  }
  return tests::zip(tests::checkpoint(pickle, {{"0", raw(values)}}));
}

std::string index_of(const std::string& map) {
  return R"({"metadata": {"total_size": 32}, "weight_map": {)" + map + "}}";
}

std::vector<float> read(const WeightSource& source, const std::string& name) {
  const TensorEntry* entry = source.find(name);
  if (entry == nullptr) return {};
  std::vector<float> out((entry->end - entry->begin) / sizeof(float));
  source.read(*entry, std::as_writable_bytes(std::span(out)));
  return out;
}

std::string refusal(const fs::path& path) {
  try {
    open_weights(path);
    return "";
  } catch (const std::runtime_error& error) {
    std::string what = error.what();
    const std::string folder = path.string() + "/";
    if (const auto at = what.find(folder); at != what.npos) what.erase(at, folder.size());
    return what;
  }
}

TEST(OpenWeights, TellsFormatsApartByTheirContents) {
  const tests::TemporaryFolder folder;
  write_shard(folder / "weights.pt", "a", kA);
  EXPECT_EQ(open_weights(folder / "weights.pt")->format(), "safetensors");
  EXPECT_EQ(read(*open_weights(folder / "weights.pt"), "a"), kA);
  tests::write_file(folder / "weights.safetensors", torch_shard("a", kA));
  const auto torch = open_weights(folder / "weights.safetensors");
  EXPECT_EQ(torch->format(), "PyTorch");
  EXPECT_EQ(read(*torch, "a"), kA);
  EXPECT_EQ(torch->size(), fs::file_size(folder / "weights.safetensors"));
  tests::write_file(
      folder / "old",
      tests::legacy_checkpoint(
          tests::dict({{tests::text("a"),
                        tests::tensor(tests::storage("FloatStorage", "0", 6), 0, {2, 3}, {1, 2})}}),
          {{"0", 6, raw(kA)}}));
  const auto old = open_weights(folder / "old");
  EXPECT_EQ(read(*old, "a"), (std::vector<float>{0.5F, 3.0F, -0.125F, -1.25F, 7.5F, 2.0F}))
      << "a transposed view must come packed";
}

TEST(OpenWeights, TakesTheWeightsOutOfACheckpointAndSaysWhatElseThereIs) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "last.ckpt", torch_shard("layer.a", kA, "state_dict"));
  const auto source = open_weights(folder / "last.ckpt");
  ASSERT_EQ(source->tensors().size(), 1U);
  EXPECT_EQ(read(*source, "state_dict.layer.a"), kA);
  EXPECT_EQ(source->left_out(), std::vector<std::string>{"epoch: a whole number"});
}

TEST(OpenWeights, RefusesFilesWithoutNamedTensors) {
  const tests::TemporaryFolder folder;
  const auto refused = [&](const std::string& pickle, const std::vector<tests::ZipFile>& storages) {
    tests::write_file(folder / "f", tests::zip(tests::checkpoint(pickle, storages)));
    const std::string what = refusal(folder / "f");
    return what.substr(what.rfind(": ") + 2);
  };
  EXPECT_EQ(refused(tests::dict({{tests::text("lr"), tests::whole(1)}}), {}),
            "there are no tensors in this file");
  EXPECT_EQ(
      refused(tests::tensor(tests::storage("FloatStorage", "0", 2), 0, {2}, {1}), {{"0", raw(kB)}}),
      "the file holds a tensor, not tensors by name; save the model's state_dict()");
  EXPECT_EQ(refused(tests::global("my.models", "Net") + ")R", {}),
            "the file holds an object of class 'my.models.Net', not tensors by name; save the "
            "model's state_dict()");
}

TEST(OpenWeights, SaysWhatToDoWithAnIndexAlone) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "model.safetensors.index.json", index_of(R"("a": "b")"));
  EXPECT_EQ(refusal(folder / "model.safetensors.index.json"),
            (folder / "model.safetensors.index.json").string() +
                ": this is JSON, not weights; name the folder that it lies in");
}

TEST(WeightFolder, ReadsWholeModelsAndTheirConfiguration) {
  for (const std::string name : {"model.safetensors", "pytorch_model.bin", "weights.ckpt"}) {
    const tests::TemporaryFolder folder;
    if (name == "model.safetensors") {
      write_shard(folder / name, "a", kA);
    } else {
      tests::write_file(folder / name, torch_shard("a", kA));
    }
    tests::write_file(folder / "config.json", R"({"d_model": 6})");
    const auto source = open_weights(folder.path());
    EXPECT_EQ(read(*source, "a"), kA) << name;
    EXPECT_EQ(source->config(), R"({"d_model":6})");
    EXPECT_EQ(source->files(), std::vector<fs::path>{folder / name});
  }
}

TEST(WeightFolder, PutsShardsTogether) {
  const tests::TemporaryFolder folder;
  write_shard(folder / "one", "a", kA);
  tests::write_file(folder / "two", torch_shard("b", kB));
  tests::write_file(folder / "model.safetensors.index.json", index_of(R"("a": "one", "b": "two")"));
  const auto source = open_weights(folder.path());
  EXPECT_EQ(read(*source, "a"), kA);
  EXPECT_EQ(read(*source, "b"), kB);
  EXPECT_EQ(source->size(), fs::file_size(folder / "one") + fs::file_size(folder / "two"));
  EXPECT_EQ(source->files().size(), 2U);
}

TEST(WeightFolder, NamesWhatIsMissing) {
  const tests::TemporaryFolder folder;
  EXPECT_EQ(refusal(folder.path()),
            folder.path().string() +
                ": there are no weights in this folder; looked for model.safetensors, "
                "model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json, "
                "weights.ckpt");
  write_shard(folder / "one", "a", kA);
  tests::write_file(folder / "pytorch_model.bin.index.json",
                    index_of(R"("a": "one", "b": "two", "c": "three", "d": "two")"));
  EXPECT_EQ(refusal(folder.path()),
            "pytorch_model.bin.index.json: 2 of 3 shards are not in the folder: two, three; "
            "download the rest of the model");
  tests::write_file(folder / "pytorch_model.bin.index.json", index_of(R"("a": "one", "b": "one")"));
  EXPECT_EQ(refusal(folder.path()),
            "pytorch_model.bin.index.json: tensor 'b' is said to be in 'one', which does not hold "
            "it");
}

}  // namespace
}  // namespace hyena::backbone
