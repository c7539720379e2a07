#include "train/text_data.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "datasets/dataset.h"
#include "datasets/text/corpus_encoder.h"
#include "datasets/text/encode_corpus.h"
#include "datasets/text/shards.h"

namespace hyena::train {

using datasets::TokenSource;

std::shared_ptr<const TokenSource> open_tokens(const std::string& spec, const std::string& split,
                                               const datasets::Tokenizer* tokenizer,
                                               std::uint64_t vocabulary, bool end_of_text,
                                               std::int64_t threads) {
  const std::string kind = spec.substr(0, spec.find(':'));
  const auto& shards = datasets::shard_registry();
  if (std::ranges::find(shards, kind, &datasets::ShardFormat::name) != shards.end()) {
    return datasets::open_token_shards(spec, datasets::split_of(split), vocabulary);
  }
  if (tokenizer == nullptr) {
    throw datasets::ReadError("data '" + spec +
                              "': a tokenizer is needed to read text; say "
                              "--tokenizer bytes, characters, gpt2:FOLDER or another one");
  }
  const auto corpus =
      datasets::open_corpus(spec, datasets::split_of(split), datasets::options_for(*tokenizer));
  return datasets::encode_corpus(*corpus, *tokenizer,
                                 end_of_text && tokenizer->end_of_text().has_value(), threads);
}

namespace {

/// By documents, or by tokens where there is only one.
datasets::TokenSplit split(const std::shared_ptr<const TokenSource>& whole, double fraction) {
  if (whole->documents() != 1) return datasets::split_tokens(whole, fraction);
  const std::uint64_t size = whole->size();
  const auto kept = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(size)));
  return {.train = std::make_shared<datasets::TokenStretch>(whole, 0, size - kept),
          .valid = std::make_shared<datasets::TokenStretch>(whole, size - kept, kept)};
}

/// Whether the data names files for validation; whether they can be read is another question.
bool has_valid_part(const std::string& spec) {
  const auto colon = spec.find(':');
  const auto& shards = datasets::shard_registry();
  if (std::ranges::find(shards, spec.substr(0, colon), &datasets::ShardFormat::name) ==
      shards.end()) {
    try {
      datasets::open_corpus(spec, datasets::TextSplit::kValid);  // looks for files, reads none
      return true;
    } catch (const datasets::ReadError&) {
      return false;
    }
  }
  const std::filesystem::path path = spec.substr(colon + 1);
  if (colon == std::string::npos || !std::filesystem::is_directory(path)) return false;
  const std::filesystem::directory_iterator files(path);
  return std::any_of(begin(files), end(files), [](const auto& entry) {
    return entry.path().filename().string().find("val") != std::string::npos;
  });
}

}  // namespace

TextData open_text_data(const TextDataOptions& o, const datasets::Tokenizer* tokenizer,
                        std::uint64_t vocabulary) {
  const auto open = [&](const std::string& spec, const std::string& split) {
    return open_tokens(spec, split, tokenizer, vocabulary, o.end_of_text, o.threads);
  };
  TextData out;
  out.train = open(o.data, o.train_split);
  if (!o.data_val.empty() || !o.val_split.empty()) {
    const std::string split = o.val_split.empty() ? "valid" : o.val_split;
    const std::string& spec = o.data_val.empty() ? o.data : o.data_val;
    // A file of text has one part only, and that is called train.
    out.valid =
        open(spec, o.val_split.empty() && !o.data_val.empty() && spec.starts_with("text:") ? "train"
                                                                                           : split);
    out.description = "the part " + split + " of " + spec;
    return out;
  }
  if (has_valid_part(o.data)) {
    out.valid = open(o.data, "valid");
    out.description = "its part valid";
  } else {  // cut one off
    auto parts = split(out.train, o.val_fraction);
    out.train = parts.train;
    out.valid = parts.valid;
    char text[64];
    std::snprintf(text, sizeof text, "the last %.3g %%", 100 * o.val_fraction);
    out.description = text;
  }
  return out;
}

}  // namespace hyena::train
