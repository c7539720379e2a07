#include "datasets/text/windows.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "datasets/random.h"

namespace hyena::datasets {

std::uint64_t permuted(std::uint64_t index, std::uint64_t count, std::uint64_t key) {
  // A Feistel network permutes pairs of halves whatever its round function is; walking on while the
  // result lies outside 0 … count − 1 makes a permutation of those (Black and Rogaway 2002). The
  // domain is less than 4 · count.
  const unsigned half = (static_cast<unsigned>(std::bit_width(count - 1)) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  do {
    std::uint64_t left = index >> half, right = index & mask;
    for (std::uint64_t round = 1; round <= 6; ++round) {
      const std::uint64_t mixed = mix_bits(mix_bits(key + round * kGoldenStep) + right);
      left = std::exchange(right, left ^ (mixed & mask));
    }
    index = left << half | right;
  } while (index >= count);
  return index;
}

Windows::Windows(std::shared_ptr<const TokenSource> source, const WindowOptions& options)
    : source_(std::move(source)), options_(options) {
  if (options_.length <= 0 || options_.stride < 0) {
    throw std::invalid_argument("windows of " + std::to_string(options_.length) +
                                " tokens with stride " + std::to_string(options_.stride));
  }
  if (options_.stride == 0) options_.stride = options_.length;
  const auto length = static_cast<std::uint64_t>(options_.length);
  const std::uint64_t tokens = source_->size();
  if (tokens <= length) {
    throw std::invalid_argument(source_->place(0) + ": " + std::to_string(tokens) +
                                " tokens are too few for one window of " + std::to_string(length) +
                                " and the token after it; take shorter windows or more text");
  }
  count_ = 1 + (tokens - length - 1) / static_cast<std::uint64_t>(options_.stride);
}

std::uint64_t Windows::begin(std::uint64_t epoch, std::uint64_t index) const {
  const auto stride = static_cast<std::uint64_t>(options_.stride);
  switch (options_.sampling) {
    case WindowSampling::kInOrder:
      return index * stride;
    case WindowSampling::kShuffled:
      return stride * permuted(index, count_, stream_key(options_.seed, Stream::kOrder, epoch, 0));
    case WindowSampling::kRandomOffsets:
      break;
  }
  Random random(options_.seed, Stream::kSample, epoch, index);
  return static_cast<std::uint64_t>(
      random.integer(0, static_cast<std::int64_t>(source_->size()) - options_.length - 1));
}

void Windows::read(std::uint64_t epoch, std::uint64_t index, std::span<std::int64_t> inputs,
                   std::span<std::int64_t> targets) const {
  const auto length = static_cast<std::size_t>(options_.length);
  if (inputs.size() != length || targets.size() != length) {
    throw std::invalid_argument("a window has " + std::to_string(length) + " inputs and targets");
  }
  const std::uint64_t first = begin(epoch, index);
  source_->read(first, inputs);
  std::copy(inputs.begin() + 1, inputs.end(), targets.begin());
  source_->read(first + length, targets.last(1));
}

WindowPosition Windows::read_batch(WindowPosition position, std::span<std::int64_t> inputs,
                                   std::span<std::int64_t> targets) const {
  const auto length = static_cast<std::size_t>(options_.length);
  if (inputs.size() != targets.size() || inputs.size() % length != 0) {
    throw std::invalid_argument("a batch is whole rows of " + std::to_string(length));
  }
  for (std::size_t at = 0; at < inputs.size(); at += length) {
    if (position.index >= count_) {
      position = {position.epoch + position.index / count_, position.index % count_};
    }
    read(position.epoch, position.index++, inputs.subspan(at, length), targets.subspan(at, length));
  }
  if (position.index == count_) position = {position.epoch + 1, 0};
  return position;
}

EvalWindows::EvalWindows(std::uint64_t tokens, std::int64_t length, std::int64_t stride)
    : targets_(tokens - 1),
      length_(static_cast<std::uint64_t>(length)),
      stride_(static_cast<std::uint64_t>(stride)),
      count_(0) {
  if (tokens < 2) throw std::invalid_argument("fewer than 2 tokens: nothing to score");
  if (stride <= 0 || stride > length) {
    throw std::invalid_argument("a stride of " + std::to_string(stride) + " for windows of " +
                                std::to_string(length) + ": it must be 1 to the length");
  }
  count_ = targets_ <= length_ ? 1 : 1 + (targets_ - length_ + stride_ - 1) / stride_;
}

EvalWindow EvalWindows::operator[](std::uint64_t index) const {
  const std::uint64_t begin = index * stride_;
  const std::uint64_t end = std::min(begin + length_, targets_);
  const std::uint64_t before = index == 0 ? 0 : begin - stride_ + length_;
  return {.begin = begin,
          .length = static_cast<std::int64_t>(end - begin),
          .scored = static_cast<std::int64_t>(end - before)};
}

}  // namespace hyena::datasets
