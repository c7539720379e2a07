#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

/// What files hold of a byte-level BPE, as they write it: a token is a text of 256 printable
/// characters, each of which stands for a byte (openai/gpt-2, src/encoder.py).
struct BpeParts {
  struct Added {
    std::string text;  ///< as in a text, not in the printable characters
    std::uint64_t id = 0;
    bool special = true;  ///< false: matched in every text
  };
  std::string file;                                               ///< named in errors about tokens
  std::string merges_file;                                        ///< named in errors about merges
  std::vector<std::pair<std::string, std::uint64_t>> vocabulary;  ///< names differ
  std::vector<std::pair<std::string, std::string>> merges;        ///< best first
  std::vector<Added> added;          ///< may be in the vocabulary too, then with the same id
  bool every_token_is_made = false;  ///< refuse a token that no merge makes
};

struct BpeMerge {
  TokenId left = 0;
  TokenId right = 0;
  TokenId result = 0;
};

/// The same with all names looked up and all checked.
struct BpeVocabulary {
  std::vector<std::string> tokens;  ///< bytes by id
  std::array<TokenId, 256> byte_ids{};
  std::vector<BpeMerge> merges;  ///< best first, each pair once
  std::vector<SpecialToken> specials;
  std::vector<SpecialToken> always;  ///< matched in every text
};

/// Throws ReadError that names the file and the token or merge: an id that is used twice or not
/// below the number of tokens, a byte without a token, a merge of or to an unknown token or of a
/// pair that came before, a name with characters that stand for no byte.
BpeVocabulary assemble(const BpeParts& parts);

/// The vocabulary object and the added tokens share this bound; a larger file is none of ours.
constexpr std::uint64_t kMaxTokenizerFile = std::uint64_t{256} << 20U;

/// The whole file. Throws ReadError where it cannot be read or is larger than kMaxTokenizerFile.
std::string read_tokenizer_file(const std::string& path);

}  // namespace hyena::datasets
