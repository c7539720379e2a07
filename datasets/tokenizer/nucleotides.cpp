// HyenaDNA's tokenizer (HazyResearch/hyena-dna): one alphabet, two ways to put a sequence between
// tokens. The embedding of its models has 16 rows, the last 4 unused.
#include <array>
#include <memory>

#include "datasets/tokenizer/kinds.h"
#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {
namespace {

constexpr std::array<std::string_view, 12> kTokens = {
    "[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", "A", "C", "G", "T", "N"};
constexpr TokenId kClassify = 0;
constexpr TokenId kSeparator = 1;
constexpr TokenId kPad = 4;
constexpr TokenId kReserved = 5;
constexpr TokenId kUnknown = 6;

class NucleotideTokenizer final : public Tokenizer {
 public:
  explicit NucleotideTokenizer(Frame frame) : frame_(frame) {
    std::vector<SpecialToken> specials;
    for (TokenId id = 0; id <= kUnknown; ++id) {
      // The original never takes text for the reserved token.
      if (id != kReserved) specials.push_back({std::string(kTokens[id]), id});
    }
    set_specials(std::move(specials));
  }
  std::size_t vocabulary_size() const override { return kTokens.size(); }
  std::string_view bytes(TokenId id) const override {
    if (id >= kTokens.size()) throw_past_vocabulary(id);
    return kTokens[id];
  }
  Frame frame() const override { return frame_; }

 private:
  /// Small letters are unknown, as in the original.
  static TokenId id_of(char letter) {
    for (TokenId id = kUnknown + 1; id < kTokens.size(); ++id) {
      if (kTokens[id][0] == letter) return id;
    }
    return kUnknown;
  }
  void encode_text(std::string_view text, std::vector<TokenId>& ids,
                   std::vector<std::size_t>* ends) const override {
    for (std::size_t at = 0; at < text.size();) {
      ids.push_back(id_of(text[at]));
      at += read_utf8(text, at).length;
      if (ends != nullptr) ends->push_back(at);
    }
  }

  Frame frame_;
};

}  // namespace

TokenizerKind nucleotides_kind() {
  return {"nucleotides", "", "HyenaDNA's A C G T N, a sequence between [CLS] and [SEP]",
          [](const std::string&) {
            return std::make_unique<NucleotideTokenizer>(Frame{kClassify, kSeparator, kPad});
          }};
}

TokenizerKind nucleotides_hg38_kind() {
  return {"nucleotides-hg38", "",
          "the same, a sequence before [SEP], as its genome data set has it",
          [](const std::string&) {
            return std::make_unique<NucleotideTokenizer>(Frame{{}, kSeparator, kPad});
          }};
}

}  // namespace hyena::datasets
