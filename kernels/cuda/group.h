#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/method.h"

/// Methods of several kernels keep spectra between them. They take so many sequences at a time that
/// the spectra stay in the second cache, and need no more memory than that.
namespace hyena::kernels::cuda {

/// Consecutive channels and sequences of a batch. Spectrum `s` is that of item first_item + s %
/// items, channel first_channel + s / items.
struct Group {
  std::int64_t first_item, first_channel;
  int items, channels;
  std::int64_t count() const { return static_cast<std::int64_t>(items) * channels; }
};

/// The largest group whose spectra, `bytes` for each sequence, take half of the second cache; one
/// sequence at least. All items of a channel come before the next channel, since they share its
/// filter; but there are `busy` channels if that many fit.
inline Group largest_group(const Device& device, std::int64_t batch, std::int64_t channels,
                           std::int64_t bytes, std::int64_t busy) {
  batch = std::max<std::int64_t>(1, batch);
  const std::int64_t cache = static_cast<std::int64_t>(device.l2_bytes) / 2;
  const std::int64_t held = std::clamp<std::int64_t>(cache / bytes, 1, 1 << 16);
  const std::int64_t d = std::min({channels, held, std::max(busy, held / batch)});
  return {0, 0, static_cast<int>(std::clamp<std::int64_t>(held / d, 1, batch)),
          static_cast<int>(d)};
}

/// f(group) for groups of at most that size, over all items of some channels, then of the next.
template <class F>
void for_each_group(std::int64_t batch, std::int64_t channels, const Group& largest, F&& f) {
  for (std::int64_t d = 0; d < channels; d += largest.channels) {
    for (std::int64_t b = 0; b < batch; b += largest.items) {
      f(Group{b, d, static_cast<int>(std::min<std::int64_t>(largest.items, batch - b)),
              static_cast<int>(std::min<std::int64_t>(largest.channels, channels - d))});
    }
  }
}

/// A convolution takes u to u ∗ h, a correlation is what gradients of u are.
enum class Way { kConvolution, kCorrelation };

/// What an inverse transform is multiplied by and stored as: one result or two. An absent gate is
/// 1, an absent result is not written.
struct Stores {
  ConstSequences gate, second_gate;
  Sequences result, second_result;
};

}  // namespace hyena::kernels::cuda
