#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "datasets/tokenizer/utf8.h"
#include "tests/support/files.h"

namespace hyena::tests {

/// The printable character that stands for a byte in the files of a byte-level BPE.
inline std::string printable(unsigned char byte) {
  int others = 0;
  for (int b = 0; b <= byte; ++b) {
    const bool prints = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    if (b == byte) {
      std::string text;
      datasets::append_utf8(static_cast<char32_t>(prints ? b : 256 + others), text);
      return text;
    }
    if (!prints) ++others;
  }
  return "";
}

/// A byte-level BPE with random merges of the letters a to d and the space: small, and in no order
/// that training would give.
struct SmallBpe {
  std::vector<std::string> tokens;                          ///< as the files write them, by id
  std::vector<std::pair<std::size_t, std::size_t>> merges;  ///< ids; merge m makes token 256 + m

  explicit SmallBpe(std::size_t count = 200) {
    for (int byte = 0; byte < 256; ++byte) {
      tokens.push_back(printable(static_cast<unsigned char>(byte)));
    }
    std::mt19937 random(7);
    std::vector<std::size_t> usable = {' ', 'a', 'b', 'c', 'd'};
    std::set<std::string> known(tokens.begin(), tokens.end());
    while (merges.size() < count) {
      // Short tokens often: merges of long ones alone would hardly ever happen in a text.
      const std::size_t left = usable[random() % (1 + random() % usable.size())];
      const std::size_t right = usable[random() % (1 + random() % usable.size())];
      if (tokens[right].find(printable(' ')) != std::string::npos) continue;  // no piece holds it
      if (!known.insert(tokens[left] + tokens[right]).second) continue;
      usable.push_back(tokens.size());
      tokens.push_back(tokens[left] + tokens[right]);
      merges.emplace_back(left, right);
    }
  }

  nlohmann::json vocabulary() const {
    nlohmann::json object = nlohmann::json::object();
    for (std::size_t id = 0; id < tokens.size(); ++id) object[tokens[id]] = id;
    return object;
  }
  std::string merge_lines() const {
    std::string text = "#version: 0.2\n";
    for (const auto& [left, right] : merges) text += tokens[left] + " " + tokens[right] + "\n";
    return text;
  }
  void write(const std::filesystem::path& folder) const {
    auto object = vocabulary();
    object["<|endoftext|>"] = tokens.size();
    write_file(folder / "encoder.json", object.dump());
    write_file(folder / "vocab.bpe", merge_lines());
  }
  /// What the library of that file format writes.
  nlohmann::json huggingface() const {
    nlohmann::json merge_list = nlohmann::json::array();
    for (const auto& [left, right] : merges)
      merge_list.push_back(tokens[left] + " " + tokens[right]);
    const auto byte_level = [](bool space) {
      return nlohmann::json{
          {"type", "ByteLevel"}, {"add_prefix_space", space}, {"trim_offsets", true}};
    };
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens",
             {{{"id", tokens.size()},
               {"content", "<|endoftext|>"},
               {"single_word", false},
               {"lstrip", false},
               {"rstrip", false},
               {"normalized", false},
               {"special", true}}}},
            {"normalizer", nullptr},
            {"pre_tokenizer", byte_level(false)},
            {"post_processor", byte_level(true)},
            {"decoder", byte_level(true)},
            {"model",
             {{"type", "BPE"},
              {"dropout", nullptr},
              {"unk_token", nullptr},
              {"continuing_subword_prefix", ""},
              {"end_of_word_suffix", ""},
              {"fuse_unk", false},
              {"vocab", vocabulary()},
              {"merges", merge_list}}}};
  }
};

}  // namespace hyena::tests
