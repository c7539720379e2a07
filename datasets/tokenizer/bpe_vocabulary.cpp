#include "datasets/tokenizer/bpe_vocabulary.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "datasets/dataset.h"
#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {
namespace {

constexpr std::uint16_t kNoByte = 256;

/// Code point below 324 -> byte. Bytes that print stand for themselves, the other 68 follow U+0100
/// in ascending order.
std::array<std::uint16_t, 324> bytes_of_characters() {
  std::array<std::uint16_t, 324> table{};
  table.fill(kNoByte);
  std::size_t next = 256;
  for (std::uint16_t byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    table[prints ? byte : next++] = byte;
  }
  return table;
}

std::optional<std::string> bytes_of(std::string_view name) {
  static const auto table = bytes_of_characters();
  std::string bytes;
  for (std::size_t at = 0; at < name.size();) {
    const Utf8 read = read_utf8(name, at);
    if (read.kind != Utf8::Kind::kCharacter || read.character >= table.size()) return std::nullopt;
    if (table[read.character] == kNoByte) return std::nullopt;
    bytes += static_cast<char>(table[read.character]);
    at += read.length;
  }
  return bytes;
}

std::string shown(std::string_view name) {
  return "'" + std::string(name.substr(0, 80)) + (name.size() > 80 ? "...'" : "'");
}

class Assembly {
 public:
  explicit Assembly(const BpeParts& parts) : parts_(parts) {}

  BpeVocabulary build() {
    number_tokens();
    look_up_merges();
    if (parts_.every_token_is_made) check_all_made();
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw ReadError(parts_.file + ": " + reason);
  }
  [[noreturn]] void refuse_merge(std::size_t rank, const std::string& reason) const {
    throw ReadError(parts_.merges_file + ": merge " + std::to_string(rank + 1) + ", " +
                    shown(parts_.merges[rank].first + " " + parts_.merges[rank].second) + ": " +
                    reason);
  }

  void number_tokens() {
    for (const auto& [name, id] : parts_.vocabulary) {
      if (!ids_.emplace(name, id).second) refuse("the token " + shown(name) + " appears twice");
    }
    std::unordered_set<std::string_view> added;
    std::size_t count = ids_.size();
    for (const auto& token : parts_.added) {
      if (token.text.empty()) refuse("an added token has no text");
      if (!added.insert(token.text).second) {
        refuse("the added token " + shown(token.text) + " appears twice");
      }
      const auto known = ids_.find(token.text);
      if (known == ids_.end()) {
        ++count;
      } else if (known->second != token.id) {
        refuse("the added token " + shown(token.text) + " has id " + std::to_string(token.id) +
               ", but " + std::to_string(known->second) + " in the vocabulary");
      }
    }
    if (count == 0) refuse("there are no tokens");
    out_.tokens.resize(count);
    taken_.resize(count);
    for (const auto& token : parts_.added) {
      place(token.text, token.id, token.text);
      auto& list = token.special ? out_.specials : out_.always;
      list.push_back({token.text, static_cast<TokenId>(token.id)});
    }
    std::array<bool, 256> found{};
    for (const auto& [name, id] : parts_.vocabulary) {
      if (added.contains(name)) continue;
      auto bytes = bytes_of(name);
      if (!bytes || bytes->empty()) {
        refuse("the token " + shown(name) +
               " is not written in the 256 characters of a byte-level " +
               "vocabulary, and not among the added tokens");
      }
      if (bytes->size() == 1) {
        const auto byte = static_cast<unsigned char>((*bytes)[0]);
        found[byte] = true;
        out_.byte_ids[byte] = static_cast<TokenId>(id);
      }
      place(name, id, std::move(*bytes));
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
      if (!found[byte]) refuse("no token for the byte " + std::to_string(byte));
    }
  }

  void place(std::string_view name, std::uint64_t id, std::string bytes) {
    if (id >= out_.tokens.size()) {
      refuse("the token " + shown(name) + " has id " + std::to_string(id) +
             ", past the vocabulary of " + std::to_string(out_.tokens.size()));
    }
    if (taken_[id]) {
      refuse("two tokens have id " + std::to_string(id) + ", one is " + shown(name));
    }
    taken_[id] = true;
    out_.tokens[id] = std::move(bytes);
  }

  void look_up_merges() {
    std::unordered_set<std::uint64_t> pairs;
    pairs.reserve(parts_.merges.size());
    out_.merges.reserve(parts_.merges.size());
    for (std::size_t rank = 0; rank < parts_.merges.size(); ++rank) {
      const auto& [left, right] = parts_.merges[rank];
      const BpeMerge merge{id_of(rank, left), id_of(rank, right), id_of(rank, left + right)};
      if (!pairs.insert(std::uint64_t{merge.left} << 32U | merge.right).second) {
        refuse_merge(rank, "the same pair came before");
      }
      out_.merges.push_back(merge);
    }
  }

  TokenId id_of(std::size_t rank, const std::string& name) const {
    const auto found = ids_.find(name);
    if (found == ids_.end()) refuse_merge(rank, shown(name) + " is not in the vocabulary");
    return static_cast<TokenId>(found->second);
  }

  void check_all_made() const {
    std::vector<bool> made(out_.tokens.size());
    for (const TokenId id : out_.byte_ids) made[id] = true;
    for (const BpeMerge& merge : out_.merges) made[merge.result] = true;
    for (const auto& token : out_.specials) made[token.id] = true;
    std::size_t missing = 0;
    std::size_t first = 0;
    for (std::size_t id = made.size(); id-- > 0;) {
      if (made[id]) continue;
      ++missing;
      first = id;
    }
    if (missing > 0) {
      throw ReadError(parts_.merges_file + ": no merge makes " + std::to_string(missing) +
                      " of the tokens of " + parts_.file + ", the first has id " +
                      std::to_string(first) + "; is the file cut off, or of another vocabulary?");
    }
  }

  const BpeParts& parts_;
  BpeVocabulary out_;
  std::vector<bool> taken_;
  std::unordered_map<std::string, std::uint64_t> ids_;
};

}  // namespace

BpeVocabulary assemble(const BpeParts& parts) {
  return Assembly(parts).build();
}

std::string read_tokenizer_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) throw ReadError(path + " is a folder, not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ReadError(path + " cannot be opened: " + std::strerror(errno));
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error) throw ReadError(path + " cannot be read: " + error.message());
  if (size > kMaxTokenizerFile) {
    throw ReadError(path + " has " + std::to_string(size) +
                    " bytes; a tokenizer's file has at most " + std::to_string(kMaxTokenizerFile));
  }
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uint64_t>(in.gcount()) != size) throw ReadError(path + " became shorter");
  return text;
}

}  // namespace hyena::datasets
