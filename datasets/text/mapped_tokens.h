#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "datasets/dataset.h"
#include "datasets/text/mapped_file.h"
#include "datasets/text/token_source.h"

namespace hyena::datasets {

static_assert(std::endian::native == std::endian::little, "token shards are little-endian");

/// Tokens as they lie in a file: `count` numbers of the type Stored from byte `begin` on. The
/// caller has checked that they lie in the file.
template <class Stored>
class MappedTokens : public TokenSource {
 public:
  MappedTokens(std::unique_ptr<const MappedFile> file, std::uint64_t begin, std::uint64_t count,
               std::uint64_t vocabulary)
      : file_(std::move(file)), begin_(begin), count_(count), vocabulary_(vocabulary) {}

  std::uint64_t size() const override { return count_; }
  std::uint64_t vocabulary() const override { return vocabulary_; }
  std::string place(std::uint64_t token) const override {
    return file_->path().string() + ", token " + std::to_string(token) + " (byte " +
           std::to_string(begin_ + token * sizeof(Stored)) + ")";
  }

 private:
  template <class Id>
  void copy_as(std::uint64_t begin, std::span<Id> out) const {
    const std::uint8_t* at = file_->bytes().data() + begin_ + begin * sizeof(Stored);
    for (std::size_t i = 0; i < out.size(); ++i) {
      Stored id;  // numbers may lie at any byte
      std::memcpy(&id, at + i * sizeof(Stored), sizeof(Stored));
      out[i] = static_cast<Id>(id);
    }
  }
  void copy(std::uint64_t begin, std::span<std::int64_t> out) const override {
    copy_as(begin, out);
  }
  void copy(std::uint64_t begin, std::span<std::int32_t> out) const override {
    copy_as(begin, out);
  }

  std::unique_ptr<const MappedFile> file_;
  std::uint64_t begin_;
  std::uint64_t count_;
  std::uint64_t vocabulary_;
};

/// The bound of a source whose ids are below `largest`: that or a smaller one that was asked for.
inline std::uint64_t vocabulary_bound(std::uint64_t asked, std::uint64_t largest) {
  return asked == 0 ? largest : std::min(asked, largest);
}

/// The number at a byte that the caller knows to be in the file.
template <class Number>
Number number_at(const MappedFile& file, std::uint64_t byte) {
  Number value;
  std::memcpy(&value, file.bytes().data() + byte, sizeof(Number));
  return value;
}

}  // namespace hyena::datasets
