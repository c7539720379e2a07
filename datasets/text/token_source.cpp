#include "datasets/text/token_source.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "datasets/dataset.h"

namespace hyena::datasets {
namespace {

/// Index of the part that holds `at`: the last that begins at or before it and is not empty.
std::size_t part_of(const std::vector<std::uint64_t>& begins, std::uint64_t at) {
  return static_cast<std::size_t>(std::ranges::upper_bound(begins, at) - begins.begin()) - 1;
}

void require_range(std::uint64_t begin, std::uint64_t count, std::uint64_t size) {
  if (begin <= size && count <= size - begin) return;
  throw std::out_of_range("tokens " + std::to_string(begin) + " to " +
                          std::to_string(begin + count) + " of " + std::to_string(size));
}

}  // namespace

template <class Id>
void TokenSource::read_checked(std::uint64_t begin, std::span<Id> out) const {
  require_range(begin, out.size(), size());
  copy(begin, out);
  const std::uint64_t bound = vocabulary();
  bool good = true;  // without an early end the loop is vectorised
  for (const Id id : out) good &= static_cast<std::uint64_t>(id) < bound;
  if (good) return;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (static_cast<std::uint64_t>(out[i]) < bound) continue;
    std::int64_t id = 0;
    copy(begin + i, std::span(&id, 1));
    throw ReadError(place(begin + i) + ": id " + std::to_string(id) +
                    " is past the vocabulary of " + std::to_string(bound) +
                    "; was it written with another tokenizer?");
  }
}

void TokenSource::read(std::uint64_t begin, std::span<std::int64_t> out) const {
  read_checked(begin, out);
}

void TokenSource::read(std::uint64_t begin, std::span<std::int32_t> out) const {
  read_checked(begin, out);
}

std::uint64_t TokenSource::document_start(std::uint64_t document) const {
  throw std::out_of_range("document " + std::to_string(document) + " of unknown ones");
}

MemoryTokens::MemoryTokens(std::vector<TokenId> ids, std::uint64_t vocabulary, std::string name,
                           std::optional<std::vector<std::uint64_t>> starts)
    : ids_(std::move(ids)),
      vocabulary_(vocabulary),
      name_(std::move(name)),
      starts_(std::move(starts)) {
  if (!starts_ || starts_->empty()) return;
  if (starts_->front() != 0 || starts_->back() > ids_.size() || !std::ranges::is_sorted(*starts_)) {
    throw std::invalid_argument(name_ + ": document starts that do not ascend from 0");
  }
}

std::string MemoryTokens::place(std::uint64_t token) const {
  return name_ + ", token " + std::to_string(token);
}

std::uint64_t MemoryTokens::document_start(std::uint64_t document) const {
  return starts_ ? starts_->at(document) : TokenSource::document_start(document);
}

void MemoryTokens::copy(std::uint64_t begin, std::span<std::int64_t> out) const {
  std::copy_n(ids_.data() + begin, out.size(), out.data());
}

void MemoryTokens::copy(std::uint64_t begin, std::span<std::int32_t> out) const {
  std::transform(ids_.data() + begin, ids_.data() + begin + out.size(), out.data(),
                 [](TokenId id) { return static_cast<std::int32_t>(id); });
}

ConcatenatedTokens::ConcatenatedTokens(std::vector<std::shared_ptr<const TokenSource>> parts)
    : parts_(std::move(parts)), begins_{0}, document_begins_{0} {
  if (parts_.empty()) throw std::invalid_argument("no token sources to put together");
  for (const auto& part : parts_) {
    begins_.push_back(begins_.back() + part->size());
    vocabulary_ = std::max(vocabulary_, part->vocabulary());
    knows_documents_ = knows_documents_ && part->knows_documents();
    document_begins_.push_back(document_begins_.back() + part->documents());
  }
}

std::string ConcatenatedTokens::place(std::uint64_t token) const {
  const std::size_t part = std::min(part_of(begins_, token), parts_.size() - 1);
  return parts_[part]->place(token - begins_[part]);
}

std::uint64_t ConcatenatedTokens::documents() const {
  return knows_documents_ ? document_begins_.back() : 0;
}

std::uint64_t ConcatenatedTokens::document_start(std::uint64_t document) const {
  if (document >= documents()) {
    throw std::out_of_range("document " + std::to_string(document) + " of " +
                            std::to_string(documents()));
  }
  const std::size_t part = part_of(document_begins_, document);
  return begins_[part] + parts_[part]->document_start(document - document_begins_[part]);
}

template <class Id>
void ConcatenatedTokens::copy_parts(std::uint64_t begin, std::span<Id> out) const {
  while (!out.empty()) {
    const std::size_t part = part_of(begins_, begin);
    const auto count = std::min<std::uint64_t>(out.size(), begins_[part + 1] - begin);
    parts_[part]->read(begin - begins_[part], out.first(count));
    out = out.subspan(count);
    begin += count;
  }
}

void ConcatenatedTokens::copy(std::uint64_t begin, std::span<std::int64_t> out) const {
  copy_parts(begin, out);
}

void ConcatenatedTokens::copy(std::uint64_t begin, std::span<std::int32_t> out) const {
  copy_parts(begin, out);
}

TokenStretch::TokenStretch(std::shared_ptr<const TokenSource> whole, std::uint64_t begin,
                           std::uint64_t size)
    : whole_(std::move(whole)), begin_(begin), size_(size) {
  require_range(begin, size, whole_->size());
  const auto first_at_or_after = [&](std::uint64_t token) {
    std::uint64_t low = 0, high = whole_->documents();
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      (whole_->document_start(middle) < token ? low : high) =
          whole_->document_start(middle) < token ? middle + 1 : middle;
    }
    return low;
  };
  if (!knows_documents() || size_ == 0) return;
  next_document_ = first_at_or_after(begin_ + 1);
  documents_ = 1 + first_at_or_after(begin_ + size_) - next_document_;
}

std::uint64_t TokenStretch::document_start(std::uint64_t document) const {
  if (document >= documents_) {
    throw std::out_of_range("document " + std::to_string(document) + " of " +
                            std::to_string(documents_));
  }
  return document == 0 ? 0 : whole_->document_start(next_document_ + document - 1) - begin_;
}

void TokenStretch::copy(std::uint64_t begin, std::span<std::int64_t> out) const {
  whole_->read(begin_ + begin, out);
}

void TokenStretch::copy(std::uint64_t begin, std::span<std::int32_t> out) const {
  whole_->read(begin_ + begin, out);
}

TokenSplit split_tokens(std::shared_ptr<const TokenSource> source, double fraction) {
  if (!(fraction >= 0 && fraction < 1)) {
    throw std::invalid_argument("a validation part of " + std::to_string(fraction) +
                                ": it must be at least 0 and below 1");
  }
  const auto last_part = [&](std::uint64_t count) {
    return count - std::min(count, static_cast<std::uint64_t>(std::ceil(fraction * double(count))));
  };
  std::uint64_t cut = last_part(source->size());
  if (source->knows_documents() && source->documents() > 0) {
    const std::uint64_t first = last_part(source->documents());
    cut = first == source->documents() ? source->size() : source->document_start(first);
  }
  if (cut == 0) {
    throw std::invalid_argument("a validation part of " + std::to_string(fraction) +
                                " leaves no training tokens of " + std::to_string(source->size()));
  }
  return {.train = std::make_shared<TokenStretch>(source, 0, cut),
          .valid = std::make_shared<TokenStretch>(source, cut, source->size() - cut)};
}

}  // namespace hyena::datasets
