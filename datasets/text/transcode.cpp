#include "datasets/text/transcode.h"

#include <algorithm>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/text/corpus_encoder.h"
#include "datasets/text/corpus_files.h"
#include "datasets/text/text_reader.h"

namespace hyena::datasets {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 16;

}  // namespace

void encode_file(const std::filesystem::path& file, const Tokenizer& tokenizer, Specials specials,
                 std::int64_t threads, const IdSink& sink) {
  if (specials != Specials::kAsText) {
    TextReader reader(file);
    std::string text;
    while (reader.take(text, kStep)) {
    }
    sink(tokenizer.encode(text, specials));
    return;
  }
  FileCorpus corpus({file}, options_for(tokenizer), whole_file_reader);
  CorpusEncoder encoder(corpus, tokenizer, threads);
  while (const EncodedBlock* block = encoder.next()) {
    for (const EncodedPart& part : block->parts) sink(part.ids);
  }
}

void decode_file(const std::filesystem::path& file, const Tokenizer& tokenizer,
                 const TextSink& sink) {
  TextReader reader(file);
  std::string text, out;
  std::uint64_t id = 0;
  bool within = false;  // a number
  const auto end_number = [&] {
    if (within) out += tokenizer.bytes(static_cast<TokenId>(id));
    within = false;
    id = 0;
  };
  while (text.clear(), reader.take(text, kStep)) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        within = true;
        id = std::min<std::uint64_t>(10 * id + static_cast<std::uint64_t>(text[i] - '0'),
                                     0xFFFFFFFF);  // past any vocabulary
      } else if (std::string_view(" \t\r\n,[]").find(text[i]) != std::string_view::npos) {
        end_number();
      } else {
        throw ReadError(file.string() + ": byte " +
                        std::to_string(reader.offset() - text.size() + i) +
                        " is no part of a list of ids");
      }
    }
    sink(out);
    out.clear();
  }
  end_number();
  sink(out);
}

void decode_tokens(const TokenSource& source, std::uint64_t begin, std::uint64_t count,
                   const Tokenizer& tokenizer, const TextSink& sink) {
  begin = std::min(begin, source.size());
  std::vector<std::int32_t> ids(kStep);
  for (count = std::min(count, source.size() - begin); count > 0;) {
    ids.resize(std::min<std::uint64_t>(count, kStep));
    source.read(begin, std::span(ids));
    std::string out;
    for (const std::int32_t id : ids) out += tokenizer.bytes(static_cast<TokenId>(id));
    sink(out);
    begin += ids.size();
    count -= ids.size();
  }
}

}  // namespace hyena::datasets
