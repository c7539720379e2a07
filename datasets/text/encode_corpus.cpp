#include "datasets/text/encode_corpus.h"

#include <utility>
#include <vector>

#include "datasets/text/corpus_encoder.h"

namespace hyena::datasets {

std::shared_ptr<const TokenSource> encode_corpus(Corpus& corpus, const Tokenizer& tokenizer,
                                                 bool end_of_text, std::int64_t threads) {
  const auto separator = tokenizer.end_of_text();
  if (end_of_text && !separator) throw_no_end_of_text();
  std::vector<TokenId> ids;
  std::vector<std::uint64_t> starts;
  CorpusEncoder encoder(corpus, tokenizer, threads);
  bool begins = true;
  while (const EncodedBlock* block = encoder.next()) {
    for (const EncodedPart& part : block->parts) {
      if (begins) starts.push_back(ids.size());
      ids.insert(ids.end(), part.ids.begin(), part.ids.end());
      if (part.ends && end_of_text) ids.push_back(*separator);
      begins = part.ends;
    }
  }
  const std::string name = corpus.files().empty() ? "no files" : corpus.files()[0].string();
  return std::make_shared<MemoryTokens>(std::move(ids), tokenizer.vocabulary_size(),
                                        name + (corpus.files().size() > 1 ? " and more" : ""),
                                        std::move(starts));
}

void throw_no_end_of_text() {
  throw TokenError(
      "the tokenizer has no end-of-text token to put between documents; do without (--no-eot)");
}

}  // namespace hyena::datasets
