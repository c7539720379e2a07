#include "datasets/tokenizer/stream_decoder.h"

#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {

std::string StreamDecoder::push(TokenId id) {
  pending_ += tokenizer_.bytes(id);
  std::string out;
  drain_utf8(pending_, out, false);
  return out;
}

std::string StreamDecoder::finish() {
  std::string out;
  drain_utf8(pending_, out, true);
  return out;
}

}  // namespace hyena::datasets
