// A token for each character of a small alphabet: the characters of a file, in the order of their
// code points, so that a text and the list of its characters give the same tokenizer.
#include <map>
#include <memory>

#include "datasets/dataset.h"
#include "datasets/tokenizer/bpe_vocabulary.h"
#include "datasets/tokenizer/kinds.h"
#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {
namespace {

class CharacterTokenizer final : public Tokenizer {
 public:
  CharacterTokenizer(std::string_view text, const std::string& file) {
    for (std::size_t at = 0; at < text.size();) {
      const Utf8 read = read_utf8(text, at);
      if (read.kind != Utf8::Kind::kCharacter) {
        throw ReadError(file + ": no UTF-8 at byte " + std::to_string(at));
      }
      ids_.emplace(read.character, 0);
      at += read.length;
    }
    if (ids_.empty()) throw ReadError(file + ": there are no characters");
    for (auto& [character, id] : ids_) {
      id = static_cast<TokenId>(tokens_.size());
      append_utf8(character, tokens_.emplace_back());
    }
  }
  std::size_t vocabulary_size() const override { return tokens_.size(); }
  std::string_view bytes(TokenId id) const override {
    if (id >= tokens_.size()) throw_past_vocabulary(id);
    return tokens_[id];
  }

 private:
  void encode_text(std::string_view text, std::vector<TokenId>& ids,
                   std::vector<std::size_t>* ends) const override {
    for (std::size_t at = 0; at < text.size();) {
      const Utf8 read = read_utf8(text, at);
      const auto found = ids_.find(read.character);
      if (read.kind != Utf8::Kind::kCharacter || found == ids_.end()) {
        throw TokenError("'" + std::string(text.substr(at, read.length)) + "' at byte " +
                         std::to_string(at) + " is none of the " + std::to_string(tokens_.size()) +
                         " characters of this tokenizer");
      }
      ids.push_back(found->second);
      at += read.length;
      if (ends != nullptr) ends->push_back(at);
    }
  }

  std::map<char32_t, TokenId> ids_;
  std::vector<std::string> tokens_;
};

}  // namespace

TokenizerKind characters_kind() {
  return {"characters", "FILE", "a token for each character that occurs in a UTF-8 text",
          [](const std::string& file) {
            return std::make_unique<CharacterTokenizer>(read_tokenizer_file(file), file);
          }};
}

}  // namespace hyena::datasets
