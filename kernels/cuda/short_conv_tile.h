#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/short_conv.h"

namespace hyena::kernels::cuda::short_conv {

constexpr int kBlock = 128;    // threads
constexpr int kTogether = 4;   // outputs that a thread computes at once
constexpr int kMostTaps = 16;  // in each direction

/// How blocks divide (B, D, H, W): each takes `planes` channels of one item and a tile of
/// positions, and keeps what it reads in shared memory, with the margin that the taps reach into.
/// `lanes` neighbouring threads stand on neighbouring elements.
struct Tiles {
  int height, width;
  std::int64_t channels;
  int kernel_height, kernel_width, centre_row, centre_column;
  bool channels_last;
  int planes, tile_height, tile_width, lanes_log2;
  int groups, down, across;  ///< blocks along channels and positions
  /// Distances in shared memory; the step from one of kTogether outputs to the next in positions.
  int plane_pitch, row_pitch, column_pitch;
  int step_row, step_column;

  std::int64_t tiles_of_item() const { return static_cast<std::int64_t>(down) * across; }
  int margin_height() const { return tile_height + kernel_height - 1; }
  int margin_width() const { return tile_width + kernel_width - 1; }
  std::size_t tile_bytes() const {
    return static_cast<std::size_t>(planes) * margin_height() * margin_width() * sizeof(float);
  }
};

/// turned: for the transposed convolution, whose taps go the other way. one_channel: no thread
/// meets two channels.
Tiles tiles_for(const ShortConvShape& shape, bool channels_last, bool turned, bool one_channel);

}  // namespace hyena::kernels::cuda::short_conv
