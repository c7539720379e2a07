#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/tokenizer/tokenizer.h"

/// Token streams. What trains or scores a language model asks for tokens in this way and no other:
///
///   auto tokens = open_token_shards("llmc:FOLDER", TextSplit::kTrain,
///   tokenizer->vocabulary_size()); Windows windows(tokens, {.length = 1024, .seed = 42}); //
///   windows.h windows.read(epoch, index, inputs, targets);                     // any index, any
///   thread
///
/// or, for a text that is small enough to be encoded at once (corpus.h, encode_corpus.h):
///
///   auto corpus = open_corpus("text:FILE", TextSplit::kTrain, options_for(*tokenizer));
///   auto [train, valid] = split_tokens(encode_corpus(*corpus, *tokenizer, false), 0.1);
namespace hyena::datasets {

/// A sequence of token ids that can be reached by index. All functions may be called from several
/// threads at once.
class TokenSource {
 public:
  virtual ~TokenSource() = default;

  /// Number of tokens; may be 0.
  virtual std::uint64_t size() const = 0;
  /// Every id that read() gives is below this.
  virtual std::uint64_t vocabulary() const = 0;
  /// Where a token lies, for messages: "FILE, token 17 (byte 1058)".
  virtual std::string place(std::uint64_t token) const = 0;

  /// Copies tokens [begin, begin + out.size()). Throws std::out_of_range for a range past the end,
  /// and ReadError that names the place of an id at or past vocabulary().
  void read(std::uint64_t begin, std::span<std::int64_t> out) const;
  void read(std::uint64_t begin, std::span<std::int32_t> out) const;

  /// Whether the source tells where documents begin. Without that documents() is 0.
  virtual bool knows_documents() const { return false; }
  virtual std::uint64_t documents() const { return 0; }
  /// First token of a document < documents(); ascending, document 0 begins at 0.
  virtual std::uint64_t document_start(std::uint64_t document) const;

 private:
  template <class Id>
  void read_checked(std::uint64_t begin, std::span<Id> out) const;
  /// The range was checked; ids may be any that fit `out` or -1 for one that does not.
  virtual void copy(std::uint64_t begin, std::span<std::int64_t> out) const = 0;
  virtual void copy(std::uint64_t begin, std::span<std::int32_t> out) const = 0;
};

/// Tokens in memory.
class MemoryTokens final : public TokenSource {
 public:
  /// `starts`: first token of each document, ascending from 0; absent: unknown. Throws
  /// std::invalid_argument for starts that are not so.
  MemoryTokens(std::vector<TokenId> ids, std::uint64_t vocabulary, std::string name,
               std::optional<std::vector<std::uint64_t>> starts = {});

  std::uint64_t size() const override { return ids_.size(); }
  std::uint64_t vocabulary() const override { return vocabulary_; }
  std::string place(std::uint64_t token) const override;
  bool knows_documents() const override { return starts_.has_value(); }
  std::uint64_t documents() const override { return starts_ ? starts_->size() : 0; }
  std::uint64_t document_start(std::uint64_t document) const override;

 private:
  void copy(std::uint64_t begin, std::span<std::int64_t> out) const override;
  void copy(std::uint64_t begin, std::span<std::int32_t> out) const override;

  std::vector<TokenId> ids_;
  std::uint64_t vocabulary_;
  std::string name_;
  std::optional<std::vector<std::uint64_t>> starts_;
};

/// One after the other: the shards of a data set. Documents are known where all parts know theirs.
/// A token in front (the end of text before what is scored) is a MemoryTokens as first part.
class ConcatenatedTokens final : public TokenSource {
 public:
  /// Throws std::invalid_argument for none.
  explicit ConcatenatedTokens(std::vector<std::shared_ptr<const TokenSource>> parts);

  std::uint64_t size() const override { return begins_.back(); }
  std::uint64_t vocabulary() const override { return vocabulary_; }
  std::string place(std::uint64_t token) const override;
  bool knows_documents() const override { return knows_documents_; }
  std::uint64_t documents() const override;
  std::uint64_t document_start(std::uint64_t document) const override;

 private:
  void copy(std::uint64_t begin, std::span<std::int64_t> out) const override;
  void copy(std::uint64_t begin, std::span<std::int32_t> out) const override;
  template <class Id>
  void copy_parts(std::uint64_t begin, std::span<Id> out) const;

  std::vector<std::shared_ptr<const TokenSource>> parts_;
  std::vector<std::uint64_t> begins_;           // of each part, and the end
  std::vector<std::uint64_t> document_begins_;  // the same in documents, where they are known
  std::uint64_t vocabulary_ = 0;
  bool knows_documents_ = true;
};

/// A stretch of another source. Documents that begin in it are known where that one knows its own;
/// a stretch that begins within a document counts what is left of it as document 0.
class TokenStretch final : public TokenSource {
 public:
  /// Throws std::out_of_range for a stretch past the end.
  TokenStretch(std::shared_ptr<const TokenSource> whole, std::uint64_t begin, std::uint64_t size);

  std::uint64_t size() const override { return size_; }
  std::uint64_t vocabulary() const override { return whole_->vocabulary(); }
  std::string place(std::uint64_t token) const override { return whole_->place(begin_ + token); }
  bool knows_documents() const override { return whole_->knows_documents(); }
  std::uint64_t documents() const override { return documents_; }
  std::uint64_t document_start(std::uint64_t document) const override;

 private:
  void copy(std::uint64_t begin, std::span<std::int64_t> out) const override;
  void copy(std::uint64_t begin, std::span<std::int32_t> out) const override;

  std::shared_ptr<const TokenSource> whole_;
  std::uint64_t begin_;
  std::uint64_t size_;
  std::uint64_t next_document_ = 0;  // of whole_: the first that begins after begin_
  std::uint64_t documents_ = 0;
};

/// A training part and a validation part of one source.
struct TokenSplit {
  std::shared_ptr<const TokenSource> train;
  std::shared_ptr<const TokenSource> valid;
};

/// The last ceil(fraction · documents) documents are the validation part where documents are known,
/// else the last ceil(fraction · tokens) tokens (as nanoGPT splits). Throws std::invalid_argument
/// for a fraction outside [0, 1) and for one that leaves no training tokens.
TokenSplit split_tokens(std::shared_ptr<const TokenSource> source, double fraction);

}  // namespace hyena::datasets
