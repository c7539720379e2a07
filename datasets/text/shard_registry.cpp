#include <algorithm>

#include "datasets/dataset.h"
#include "datasets/text/shards.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

bool has(const fs::path& file, const char* word) {
  return file.filename().string().find(word) != std::string::npos;
}

}  // namespace

const char* split_name(TextSplit split) {
  if (split == TextSplit::kTest) return "test";
  return split == TextSplit::kTrain ? "train" : "valid";
}

TextSplit split_of(const std::string& name) {
  for (const TextSplit split : {TextSplit::kTrain, TextSplit::kValid, TextSplit::kTest}) {
    if (name == split_name(split)) return split;
  }
  throw ReadError("unknown split '" + name + "'; known: train, valid, test");
}

const std::vector<ShardFormat>& shard_registry() {
  static const std::vector<ShardFormat> formats = {llmc_format(), nanogpt_format(),
                                                   megatron_format()};
  return formats;
}

const ShardFormat& find_shard_format(const std::string& name) {
  std::string known;
  for (const ShardFormat& format : shard_registry()) {
    if (format.name == name) return format;
    known += (known.empty() ? "" : ", ") + format.name;
  }
  throw ReadError("unknown format of token shards '" + name + "'; known: " + known);
}

std::shared_ptr<const TokenSource> open_token_shards(const std::string& spec, TextSplit split,
                                                     std::uint64_t vocabulary) {
  const auto colon = spec.find(':');
  const ShardFormat& format = find_shard_format(spec.substr(0, colon));
  const fs::path path = colon == std::string::npos ? "" : spec.substr(colon + 1);
  if (path.empty()) throw ReadError("'" + spec + "': token shards are written " + spec + ":PATH");
  if (!fs::is_directory(path)) return format.open(path, vocabulary);

  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == format.extension) files.push_back(entry.path());
  }
  const bool named = std::ranges::any_of(files, [](const fs::path& file) {
    return has(file, "train") || has(file, "val") || has(file, "test");
  });
  const char* word = split == TextSplit::kValid ? "val" : split_name(split);
  std::erase_if(files, [&](const fs::path& file) {
    return named ? !has(file, word) : split != TextSplit::kTrain;
  });
  if (files.empty()) {
    throw ReadError(
        path.string() + ": there is no *" + format.extension +
        (split == TextSplit::kTrain ? "" : std::string(" with '") + word + "' in its name"));
  }
  std::ranges::sort(files);
  std::vector<std::shared_ptr<const TokenSource>> shards;
  for (const fs::path& file : files) shards.push_back(format.open(file, vocabulary));
  if (shards.size() == 1) return shards[0];
  return std::make_shared<ConcatenatedTokens>(std::move(shards));
}

}  // namespace hyena::datasets
