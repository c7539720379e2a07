#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/fftconv.h"
#include "kernels/online_conv.h"

namespace hyena::kernels::cpu {

/// A tile: `size` inputs of a block add to the outputs of the block `distance` blocks on, by lags
/// (distance − 1) · size + 1 … (distance + 1) · size − 1. That is a convolution of `size` positions
/// to both sides: one transform of that length (kernels/fftconv.h).
struct OnlineTile {
  std::int64_t size = 0;
  std::int64_t distance = 1;
  std::int64_t width = 0;                  ///< channels of a part; the last may have fewer
  std::vector<FilterSpectrum> parts = {};  ///< one for all channels, or one for each `width`
};

/// An online filter and the tiles that its steps take.
struct OnlineLevels {
  OnlineOptions options;
  bool is_double = false;
  std::int64_t channels = 0, taps = 0;
  /// Positions of the rings of inputs and of pending outputs, a power of two.
  std::int64_t ring = 1;
  bool endless = false;  ///< the rings hold all that a tap reaches
  /// Steps within an aligned block of so many sum up directly; 0: everything does.
  std::int64_t block = 0;
  /// Tiles that the next step needs (distance 1), by rising size: block, 2 · block …
  std::vector<OnlineTile> prompt;
  /// Tiles that may wait (distances 2 and 3), by rising size, where work is spread.
  std::vector<OnlineTile> patient;

  /// (taps kept, D) with the bias in tap 0: those of direct sums.
  AlignedBuffer<float> near_f32;
  AlignedBuffer<double> near_f64;
  std::int64_t near = 0;
  /// All taps and the bias where their owner has them, for prefills.
  ConstTaps whole_taps;
  const void* bias = nullptr;

  template <class T>
  const T* near_taps() const {
    if constexpr (sizeof(T) == 8) {
      return near_f64.data();
    } else {
      return near_f32.data();
    }
  }
  /// The filter for whole signals, prompts: with the bias.
  FilterSpectrum whole(std::int64_t length, const Executor& executor) const;
  std::int64_t bytes() const;
};

/// Throws ArgumentError.
OnlineLevels online_levels(const ConstTaps& h, const void* bias, std::int64_t channels, Type type,
                           const OnlineOptions& options, const Executor& executor);

}  // namespace hyena::kernels::cpu
