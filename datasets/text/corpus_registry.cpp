#include "datasets/dataset.h"
#include "datasets/text/corpus.h"

namespace hyena::datasets {

const std::vector<CorpusKind>& corpus_registry() {
  static const std::vector<CorpusKind> kinds = {plain_text_kind(), json_lines_kind(),
                                                wikitext_kind(), pile_kind(), pg19_kind()};
  return kinds;
}

std::unique_ptr<Corpus> open_corpus(const std::string& spec, TextSplit split,
                                    const CorpusOptions& options) {
  const auto colon = spec.find(':');
  std::string known;
  for (const CorpusKind& kind : corpus_registry()) {
    const std::string usage = kind.name + ":" + kind.takes;
    known += (known.empty() ? "" : ", ") + usage;
    if (kind.name != spec.substr(0, colon)) continue;
    if (colon == std::string::npos || colon + 1 == spec.size()) {
      throw ReadError("corpus '" + spec + "': it is written " + usage);
    }
    return kind.open(spec.substr(colon + 1), split, options);
  }
  throw ReadError("unknown corpus '" + spec + "'; known kinds: " + known);
}

}  // namespace hyena::datasets
