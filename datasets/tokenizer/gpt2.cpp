// GPT-2's own files: a JSON object of token names and ids, and a text of merges, best first.
#include <filesystem>
#include <memory>

#include "datasets/dataset.h"
#include "datasets/tokenizer/byte_bpe.h"
#include "datasets/tokenizer/kinds.h"
#include "datasets/tokenizer/strict_json.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

/// One merge a line: two names with one space between. The first line may tell a version.
void read_merges(const std::string& text, BpeParts& parts) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string::npos || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string::npos) {
      throw ReadError(parts.merges_file + ":" + std::to_string(number) + ": '" +
                      line.substr(0, 80) + "' is not two tokens with one space between");
    }
    parts.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
}

std::unique_ptr<Tokenizer> open_gpt2(const std::string& folder) {
  BpeParts parts;
  parts.every_token_is_made = true;
  for (const auto& [vocabulary, merges] :
       {std::pair{"encoder.json", "vocab.bpe"}, std::pair{"vocab.json", "merges.txt"}}) {
    if (!fs::exists(fs::path(folder) / vocabulary)) continue;
    parts.file = (fs::path(folder) / vocabulary).string();
    parts.merges_file = (fs::path(folder) / merges).string();
    break;
  }
  if (parts.file.empty()) {
    throw ReadError(folder + ": neither encoder.json and vocab.bpe nor vocab.json and merges.txt");
  }
  const auto json = parse_strictly(read_tokenizer_file(parts.file), parts.file);
  if (!json.is_object()) throw ReadError(parts.file + ": not an object of tokens and ids");
  for (const auto& [name, id] : json.items()) {
    if (!id.is_number_unsigned()) {
      throw ReadError(parts.file + ": the id of '" + name + "' is not a whole number from 0");
    }
    parts.vocabulary.emplace_back(name, id.get<std::uint64_t>());
    if (name.size() > 4 && name.starts_with("<|") && name.ends_with("|>")) {
      parts.added.push_back({name, id.get<std::uint64_t>(), true});
    }
  }
  read_merges(read_tokenizer_file(parts.merges_file), parts);
  return std::make_unique<ByteBpe>(assemble(parts));
}

}  // namespace

TokenizerKind gpt2_kind() {
  return {"gpt2", "FOLDER", "byte-level BPE of encoder.json + vocab.bpe or vocab.json + merges.txt",
          open_gpt2};
}

}  // namespace hyena::datasets
