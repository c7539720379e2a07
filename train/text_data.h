#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "datasets/text/token_source.h"
#include "datasets/tokenizer/tokenizer.h"

namespace hyena::train {

/// What language models train on and are measured by.
struct TextData {
  std::shared_ptr<const datasets::TokenSource> train, valid;
  std::string description;  ///< one line for the user: where the validation part comes from
};

struct TextDataOptions {
  std::string data;  ///< a corpus or token shards, "KIND:PATH"
  std::string data_val;
  std::string train_split = "train";
  std::string val_split;      ///< empty: "valid" where there is one, else a fraction of the rest
  double val_fraction = 0.1;  ///< of documents, or of tokens where there is a single document
  bool end_of_text = true;    ///< behind each document, where the tokenizer has such a token
  std::int64_t threads = 1;
};

/// Throws ReadError and TokenError that say what is missing. `tokenizer` may be null for shards;
/// their ids are then bounded by `vocabulary`.
TextData open_text_data(const TextDataOptions& options, const datasets::Tokenizer* tokenizer,
                        std::uint64_t vocabulary);

/// One split of a corpus or of token shards as tokens.
std::shared_ptr<const datasets::TokenSource> open_tokens(const std::string& spec,
                                                         const std::string& split,
                                                         const datasets::Tokenizer* tokenizer,
                                                         std::uint64_t vocabulary, bool end_of_text,
                                                         std::int64_t threads);

}  // namespace hyena::train
