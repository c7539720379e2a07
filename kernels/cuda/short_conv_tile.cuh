#pragma once

#include "kernels/cuda/device.h"
#include "kernels/cuda/short_conv.h"
#include "kernels/cuda/short_conv_tile.h"

/// What the kernels of short convolutions have in common: where a block is, and its tile.
namespace hyena::kernels::cuda::short_conv {

template <class T>
struct Strided {
  T* data;
  std::int64_t batch, channel, position;
  HYENA_DEVICE T* at(std::int64_t b, std::int64_t d, std::int64_t t) const {
    return data + b * batch + d * channel + t * position;
  }
};
template <class T>
Strided<T> strided(const ShortSignal& s) {
  return {static_cast<T*>(s.data), s.batch, s.channel, s.position};
}
template <class T>
Strided<const T> strided(const ConstShortSignal& s) {
  return {static_cast<const T*>(s.data), s.batch, s.channel, s.position};
}

/// The first element of a tile.
struct TileAt {
  std::int64_t item, channel;
  int row, column;
};
/// Tile n of B · down · across, of a group of channels.
HYENA_DEVICE TileAt tile_at(const Tiles& t, int group, int n) {
  const int line = n / t.across, item = line / t.down;
  return {item, static_cast<std::int64_t>(group) * t.planes, (line - item * t.down) * t.tile_height,
          (n - line * t.across) * t.tile_width};
}

/// Calls f(plane, row, column) for the thread's share of planes x height x width, lanes along what
/// lies side by side in memory: columns in steps of `along`, or planes.
template <class F>
HYENA_DEVICE void for_each(const Tiles& t, int height, int width, int along, F&& f) {
  const int lanes = 1 << t.lanes_log2, lane = thread_index() & (lanes - 1);
  const int lines = (t.channels_last ? width : t.planes) * height;
  for (int line = thread_index() >> t.lanes_log2; line < lines; line += kBlock >> t.lanes_log2) {
    if (t.channels_last) {
      const int row = line / width;
      for (int plane = lane; plane < t.planes; plane += lanes) f(plane, row, line - row * width);
    } else {
      const int plane = height == 1 ? line : line / height;
      for (int column = lane; column < width; column += along) {
        f(plane, line - plane * height, column);
      }
    }
  }
}

/// Fills shared memory with the tile and its margin, zeros outside the signal.
template <class T>
HYENA_DEVICE void load_tile(const Tiles& t, const Strided<const T>& x, const TileAt& at,
                            float* tile) {
  const int height = t.tile_height + t.kernel_height - 1;
  const int width = t.tile_width + t.kernel_width - 1;
  for_each(t, height, width, 1 << t.lanes_log2, [&](int plane, int i, int j) {
    const std::int64_t channel = at.channel + plane;
    const int row = at.row + i - t.centre_row, column = at.column + j - t.centre_column;
    const bool inside =
        channel < t.channels && row >= 0 && row < t.height && column >= 0 && column < t.width;
    store(tile + plane * t.plane_pitch + i * t.row_pitch + j * t.column_pitch,
          inside ? to_float(load(
                       x.at(at.item, channel, static_cast<std::int64_t>(row) * t.width + column)))
                 : 0.0F);
  });
}

}  // namespace hyena::kernels::cuda::short_conv
