#include "datasets/dataset.h"
#include "datasets/tokenizer/kinds.h"

namespace hyena::datasets {

const std::vector<TokenizerKind>& tokenizer_registry() {
  static const std::vector<TokenizerKind> kinds = {
      bytes_kind(),       characters_kind(),  gpt2_kind(),
      huggingface_kind(), nucleotides_kind(), nucleotides_hg38_kind(),
  };
  return kinds;
}

std::unique_ptr<Tokenizer> open_tokenizer(const std::string& spec) {
  const auto colon = spec.find(':');
  const std::string name = spec.substr(0, colon);
  const std::string path = colon == std::string::npos ? "" : spec.substr(colon + 1);
  std::string known;
  for (const TokenizerKind& kind : tokenizer_registry()) {
    const std::string usage = kind.name + (kind.takes.empty() ? "" : ":" + kind.takes);
    known += (known.empty() ? "" : ", ") + usage;
    if (kind.name != name) continue;
    if (kind.takes.empty() != path.empty()) {
      throw ReadError("tokenizer '" + spec + "': it is written " + usage);
    }
    return kind.open(path);
  }
  throw ReadError("unknown tokenizer '" + spec + "'; known kinds: " + known);
}

}  // namespace hyena::datasets
