#pragma once

#include <cstdint>
#include <memory>

#include "datasets/text/corpus.h"
#include "datasets/text/token_source.h"

namespace hyena::datasets {

/// Throws TokenError that says what to do.
[[noreturn]] void throw_no_end_of_text();

/// A whole corpus as tokens in memory, 4 bytes each: for texts that train a small model at once.
/// With `end_of_text` each document is followed by the tokenizer's end-of-text token; throws
/// TokenError where it has none. Open the corpus with options_for(tokenizer) of
/// corpus_encoder.h. The same ids for any number of threads.
std::shared_ptr<const TokenSource> encode_corpus(Corpus& corpus, const Tokenizer& tokenizer,
                                                 bool end_of_text, std::int64_t threads = 1);

}  // namespace hyena::datasets
