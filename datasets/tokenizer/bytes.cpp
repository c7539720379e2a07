// A token for each byte, and end of text behind them.
#include <array>
#include <memory>

#include "datasets/tokenizer/kinds.h"

namespace hyena::datasets {
namespace {

constexpr TokenId kEndOfText = 256;
constexpr std::string_view kEndOfTextName = "<|endoftext|>";

class ByteTokenizer final : public Tokenizer {
 public:
  ByteTokenizer() {
    for (std::size_t byte = 0; byte < 256; ++byte) bytes_[byte] = static_cast<char>(byte);
    set_specials({{std::string(kEndOfTextName), kEndOfText}});
  }
  std::size_t vocabulary_size() const override { return kEndOfText + 1; }
  std::string_view bytes(TokenId id) const override {
    if (id > kEndOfText) throw_past_vocabulary(id);
    return id == kEndOfText ? kEndOfTextName : std::string_view(bytes_.data() + id, 1);
  }

 private:
  void encode_text(std::string_view text, std::vector<TokenId>& ids,
                   std::vector<std::size_t>* ends) const override {
    for (std::size_t i = 0; i < text.size(); ++i) {
      ids.push_back(static_cast<unsigned char>(text[i]));
      if (ends != nullptr) ends->push_back(i + 1);
    }
  }

  std::array<char, 256> bytes_{};
};

}  // namespace

TokenizerKind bytes_kind() {
  return {"bytes", "", "a token for each byte (0 to 255) and end of text (256)",
          [](const std::string&) { return std::make_unique<ByteTokenizer>(); }};
}

}  // namespace hyena::datasets
