#include "datasets/text/pack.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "datasets/dataset.h"
#include "datasets/random.h"
#include "datasets/text/corpus_encoder.h"
#include "datasets/text/encode_corpus.h"
#include "datasets/text/growing_file.h"
#include "datasets/text/pack_state.h"
#include "datasets/text/shards.h"
#include "datasets/tokenizer/kinds.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A number of the whole vocabulary: resuming with other tokenizer files must not go unseen.
std::uint64_t fingerprint(const Tokenizer& tokenizer) {
  std::uint64_t hash = tokenizer.vocabulary_size();
  for (TokenId id = 0; id < tokenizer.vocabulary_size(); ++id) {
    for (const char byte : tokenizer.bytes(id)) {
      hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
    }
    hash = mix_bits(hash + id);
  }
  return hash;
}

/// Writes the shards of one name, one after the other.
class SeriesWriter {
 public:
  SeriesWriter(const ShardFormat& format, fs::path folder, std::string name,
               std::uint64_t vocabulary, std::uint64_t shard_tokens, ShardSeries& series)
      : format_(format),
        folder_(std::move(folder)),
        name_(std::move(name)),
        vocabulary_(vocabulary),
        shard_tokens_(shard_tokens),
        series_(series) {
    if (!series_.writer.empty()) {
      writer_ = format_.resume(file(), vocabulary_, series_.writer);
    }
  }

  void append(std::span<const TokenId> ids) {
    if (ids.empty()) return;
    if (writer_ == nullptr) writer_ = format_.create(file(), vocabulary_);
    writer_->append(ids);
    series_.tokens += ids.size();
  }
  void end_part(bool ends_document) {
    if (writer_ == nullptr) return;
    if (ends_document) writer_->end_document();
    if (writer_->tokens() < shard_tokens_ || (format_.keeps_documents && !ends_document)) return;
    finish();
  }
  void save() {
    series_.writer = writer_ == nullptr ? std::vector<std::uint64_t>() : writer_->save();
  }
  void finish() {
    if (writer_ == nullptr) return;
    writer_->commit();
    writer_ = nullptr;
    ++series_.finished;
  }

 private:
  fs::path file() const {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "_%06llu",
                  static_cast<unsigned long long>(series_.finished));
    return folder_ / (name_ + number.data() + format_.extension);
  }

  const ShardFormat& format_;
  fs::path folder_;
  std::string name_;
  std::uint64_t vocabulary_;
  std::uint64_t shard_tokens_;
  ShardSeries& series_;
  std::unique_ptr<ShardWriter> writer_;
};

class Packing {
 public:
  Packing(const PackOptions& options, fs::path folder)
      : options_(options),
        folder_(std::move(folder)),
        format_(find_shard_format(options.format)),
        tokenizer_(open_tokenizer(options.tokenizer)) {
    const std::uint64_t vocabulary = tokenizer_->vocabulary_size();
    if (vocabulary > format_.largest_vocabulary) {
      throw ReadError("a vocabulary of " + std::to_string(vocabulary) +
                      " does not fit in shards '" + format_.name + "', which hold ids below " +
                      std::to_string(format_.largest_vocabulary));
    }
    if (options_.append_eot) {
      if (!tokenizer_->end_of_text()) throw_no_end_of_text();
      end_of_text_ = *tokenizer_->end_of_text();
    }
    if (!(options_.val_fraction >= 0 && options_.val_fraction <= 1)) {
      throw ReadError("a validation share of " + std::to_string(options_.val_fraction) +
                      " is not between 0 and 1");
    }
    const TextSplit split = split_of(options_.split);
    if (options_.val_fraction > 0 && split != TextSplit::kTrain) {
      throw ReadError("a validation share is set aside from split train, not from " +
                      options_.split);
    }
    corpus_ = open_corpus(options_.corpus, split,
                          options_for(*tokenizer_, {.skip_damaged = options_.skip_damaged,
                                                    .text_field = options_.text_field}));
    state_.packed = {{"corpus", options_.corpus},
                     {"files", corpus_->files().size()},
                     {"bytes", corpus_->bytes()},
                     {"split", options_.split},
                     {"text_field", options_.text_field},
                     {"skip_damaged", options_.skip_damaged},
                     {"limit", options_.limit},
                     {"tokenizer", options_.tokenizer},
                     {"vocabulary", vocabulary},
                     {"tokens_hash", fingerprint(*tokenizer_)},
                     {"append_eot", options_.append_eot},
                     {"format", options_.format},
                     {"shard_tokens", options_.shard_tokens},
                     {"val_fraction", options_.val_fraction},
                     {"seed", options_.seed}};
    fs::create_directories(folder_);
  }

  PackResult run(const PackObserver& observer) {
    const FolderLock lock(folder_);
    if (read_pack_state(folder_ / "pack.json", state_)) {
      if (state_.complete) return result(true);
      corpus_->seek(state_.position, state_.counts);
    } else {
      save();  // from now on the folder is taken
    }
    const auto series = [&](const std::string& name, ShardSeries& of) {
      return std::make_unique<SeriesWriter>(format_, folder_, name, tokenizer_->vocabulary_size(),
                                            static_cast<std::uint64_t>(options_.shard_tokens), of);
    };
    main_ = series(options_.split == "valid" ? "val" : options_.split, state_.main);
    validation_ = series("val", state_.validation);
    document_ = state_.counts.documents;
    const std::uint64_t bytes_before = corpus_->bytes_read();
    const std::uint64_t tokens_before = state_.main.tokens + state_.validation.tokens;

    CorpusEncoder encoder(*corpus_, *tokenizer_, options_.threads,
                          static_cast<std::uint64_t>(options_.limit));
    auto saved = Clock::now();
    while (const EncodedBlock* block = encoder.next()) {
      write(*block);
      if (block->parts.empty()) break;  // the end, maybe with empty documents before it
      const std::chrono::duration<double> since = Clock::now() - saved;
      const bool on =
          !observer || observer({.bytes_read = block->bytes_read,
                                 .bytes = corpus_->bytes(),
                                 .tokens = state_.main.tokens + state_.validation.tokens,
                                 .documents = state_.counts.documents,
                                 .bytes_before = bytes_before,
                                 .tokens_before = tokens_before});
      if (!on || since.count() >= options_.save_seconds) {
        save();
        saved = Clock::now();
      }
      if (!on) return result(false);
    }
    if (state_.main.tokens + state_.validation.tokens == 0) {
      throw ReadError(options_.corpus + ": there is no text");
    }
    main_->finish();
    validation_->finish();
    state_.complete = true;
    save();
    return result(false);
  }

 private:
  void write(const EncodedBlock& block) {
    for (const EncodedPart& part : block.parts) {
      // The same draw for each part of a document, also after going on within it.
      Random random(static_cast<std::uint64_t>(options_.seed), Stream::kSample, 0, document_);
      SeriesWriter& series = random.uniform() < options_.val_fraction ? *validation_ : *main_;
      series.append(part.ids);
      if (part.ends && options_.append_eot) series.append(std::span(&end_of_text_, 1));
      series.end_part(part.ends);
      document_ += part.ends ? 1 : 0;
    }
    state_.position = block.after;
    state_.counts = block.counts;
  }

  void save() {
    if (main_ != nullptr) {
      main_->save();
      validation_->save();
    }
    replace_file(folder_ / "pack.json", state_.text());
  }

  PackResult result(bool was_complete) const {
    return {.complete = state_.complete,
            .was_complete = was_complete,
            .counts = state_.counts,
            .tokens = state_.main.tokens,
            .validation_tokens = state_.validation.tokens,
            .shards = state_.main.finished + state_.validation.finished};
  }

  PackOptions options_;
  fs::path folder_;
  const ShardFormat& format_;
  std::unique_ptr<Tokenizer> tokenizer_;
  TokenId end_of_text_ = 0;
  std::unique_ptr<Corpus> corpus_;
  PackState state_;
  std::unique_ptr<SeriesWriter> main_;
  std::unique_ptr<SeriesWriter> validation_;
  std::uint64_t document_ = 0;  // number of the one under way
};

}  // namespace

PackResult pack_corpus(const PackOptions& options, const fs::path& folder,
                       const PackObserver& observer) {
  return Packing(options, folder).run(observer);
}

}  // namespace hyena::datasets
