#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "datasets/text/token_source.h"

namespace hyena::datasets {

/// Where training windows are taken, and in which order.
enum class WindowSampling {
  kInOrder,        ///< the grid 0, stride, 2 stride, …
  kShuffled,       ///< the same grid, each window once an epoch in an order of (seed, epoch)
  kRandomOffsets,  ///< any offset, each drawn for itself: nanoGPT's way
};

struct WindowOptions {
  std::int64_t length = 1024;  ///< tokens of an input, > 0
  std::int64_t stride = 0;     ///< from one window to the next; 0: length, no overlap
  WindowSampling sampling = WindowSampling::kShuffled;
  std::uint64_t seed = 0;
};

/// Where a run stands: the next window. Nothing else is needed to go on exactly.
struct WindowPosition {
  std::uint64_t epoch = 0;
  std::uint64_t index = 0;
};

/// Cuts a source into windows of length + 1 tokens: `length` inputs, and as targets the same moved
/// on by one. Where a window begins is a function of (seed, epoch, index) alone, so that any thread
/// may read any window and a position is two numbers. What remains at the end and fills no window
/// is left out. Documents are not kept apart: a window may hold the end of one and the begin of
/// another.
class Windows {
 public:
  /// Throws std::invalid_argument for options out of range and for a source too short for one
  /// window.
  Windows(std::shared_ptr<const TokenSource> source, const WindowOptions& options);

  /// Windows of an epoch, at least 1.
  std::uint64_t size() const { return count_; }
  const WindowOptions& options() const { return options_; }
  const TokenSource& source() const { return *source_; }

  /// First token of a window; index < size().
  std::uint64_t begin(std::uint64_t epoch, std::uint64_t index) const;

  /// One window; both spans have `length` elements. Throws as TokenSource::read().
  void read(std::uint64_t epoch, std::uint64_t index, std::span<std::int64_t> inputs,
            std::span<std::int64_t> targets) const;

  /// The windows from `position` on, going over into following epochs, as rows of `length`: as many
  /// as the spans hold. Returns the position after them.
  WindowPosition read_batch(WindowPosition position, std::span<std::int64_t> inputs,
                            std::span<std::int64_t> targets) const;

  /// Where a run stands that has used `windows` windows, counted over all epochs.
  WindowPosition position_after(std::uint64_t windows) const {
    return {windows / count_, windows % count_};
  }

 private:
  std::shared_ptr<const TokenSource> source_;
  WindowOptions options_;
  std::uint64_t count_ = 0;
};

/// One window of an evaluation: inputs are the tokens [begin, begin + length), targets the same
/// moved on by one. The last `scored` targets count; those before were scored by earlier windows
/// and are context.
struct EvalWindow {
  std::uint64_t begin = 0;
  std::int64_t length = 0;
  std::int64_t scored = 0;
};

/// Windows that score each token of a sequence but the first exactly once. With stride = length
/// they do not overlap; a smaller stride gives each token more context at more cost. Only the last
/// window can be shorter than `length`.
class EvalWindows {
 public:
  /// Throws std::invalid_argument for fewer than 2 tokens, and unless 0 < stride <= length.
  EvalWindows(std::uint64_t tokens, std::int64_t length, std::int64_t stride);

  std::uint64_t size() const { return count_; }
  EvalWindow operator[](std::uint64_t index) const;

 private:
  std::uint64_t targets_;
  std::uint64_t length_;
  std::uint64_t stride_;
  std::uint64_t count_;
};

/// A permutation of 0 … count − 1 without a table: where `index` < count goes, for a key. Costs a
/// few dozen operations at any count.
std::uint64_t permuted(std::uint64_t index, std::uint64_t count, std::uint64_t key);

}  // namespace hyena::datasets
