#include "datasets/text/corpus_encoder.h"

#include <algorithm>
#include <utility>

namespace hyena::datasets {
namespace {

constexpr std::size_t kGroupBytes = std::size_t{1} << 18;  // of text, that a thread takes at once
constexpr std::int64_t kGroups = 4;                        // for each thread, in a block
constexpr std::size_t kAhead = 3;                          // blocks

}  // namespace

CorpusEncoder::CorpusEncoder(Corpus& corpus, const Tokenizer& tokenizer, std::int64_t threads,
                             std::uint64_t documents)
    : corpus_(corpus), tokenizer_(tokenizer), limit_(documents), pool_(threads) {}

CorpusEncoder::~CorpusEncoder() {
  pool_.cancel();  // before what it works on goes
}

void CorpusEncoder::read(Slot& slot) {
  slot.groups = {0};
  const auto end_group = [&] {
    if (slot.texts.size() > slot.groups.back()) slot.groups.push_back(slot.texts.size());
  };
  try {
    const std::int64_t groups = kGroups * std::max<std::int64_t>(1, pool_.threads());
    for (std::int64_t group = 0; group < groups && !at_end_; ++group) {
      for (std::size_t bytes = 0; bytes < kGroupBytes && !at_end_;) {
        const CorpusPosition place = corpus_.position();
        DocumentPart part;
        if ((limit_ > 0 && corpus_.counts().documents >= limit_) || !corpus_.next(part)) {
          at_end_ = true;
          break;
        }
        bytes += part.text.size();
        slot.places.push_back(place);
        slot.texts.push_back(std::move(part));
      }
      end_group();
    }
  } catch (...) {
    slot.error = std::current_exception();
    at_end_ = true;
    end_group();
  }
  slot.block.parts.resize(slot.texts.size());
  slot.block.after = corpus_.position();
  slot.block.counts = corpus_.counts();
  slot.block.bytes_read = corpus_.bytes_read();
}

void CorpusEncoder::encode(Slot& slot, std::size_t group) const {
  for (std::size_t i = slot.groups[group]; i < slot.groups[group + 1]; ++i) {
    EncodedPart& part = slot.block.parts[i];
    part.ends = slot.texts[i].ends;
    part.ids.reserve(slot.texts[i].text.size() / 3);
    try {
      tokenizer_.encode(slot.texts[i].text, part.ids, Specials::kAsText);
    } catch (const TokenError& error) {
      const CorpusPosition& place = slot.places[i];
      throw TokenError(
          corpus_.files()[std::min<std::size_t>(place.file, corpus_.files().size() - 1)].string() +
          ", the document at or behind byte " + std::to_string(place.offset) +
          (place.inside > 0 ? " + " + std::to_string(place.inside) : "") + ": " + error.what());
    }
    slot.texts[i].text = {};
  }
}

const EncodedBlock* CorpusEncoder::next() {
  given_ = nullptr;
  while (!at_end_ && ahead_.size() < kAhead) {
    Slot& slot = *ahead_.emplace_back(std::make_unique<Slot>());
    read(slot);
    pool_.submit(
        static_cast<std::int64_t>(slot.groups.size()) - 1,
        [this, &slot](std::int64_t group) { encode(slot, static_cast<std::size_t>(group)); });
  }
  if (ahead_.empty()) return nullptr;
  if (ahead_.front()->block.parts.empty() && ahead_.front()->error) {
    const auto error = ahead_.front()->error;
    pool_.wait();
    ahead_.clear();
    std::rethrow_exception(error);
  }
  pool_.wait();
  given_ = std::move(ahead_.front());
  ahead_.pop_front();
  if (given_->error) {  // after the parts before it
    auto& last = ahead_.emplace_back(std::make_unique<Slot>());
    last->error = given_->error;
    last->groups = {0};
    pool_.submit(0, [](std::int64_t) {});
  }
  return &given_->block;
}

CorpusOptions options_for(const Tokenizer& tokenizer, CorpusOptions options) {
  if (!tokenizer.exact_at_word_ends()) options.part_bytes = 0;
  return options;
}

}  // namespace hyena::datasets
