#pragma once

#include <string>

#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

/// Text out of tokens as they come. What it gives is always whole characters: the begin of one is
/// held back until its rest comes. Bytes that no rest can make a character become U+FFFD. All
/// pieces together are the same however the ids are split.
class StreamDecoder {
 public:
  /// The tokenizer must outlive the decoder.
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  /// The characters that this token completes, maybe none. Throws TokenError as Tokenizer::bytes().
  std::string push(TokenId id);
  /// What was held back, as U+FFFD; the decoder then is as new.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  std::string pending_;  // at most 3 bytes between calls
};

}  // namespace hyena::datasets
