#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// A short filter of some neighbouring channels of one grid (a line is one of height 1), between a
/// caller's tensor and a tile, [row][column, `padded` of them][tile_stride], in the type that is
/// computed with. Strides in elements.
template <class T>
struct ShortTileJob {
  Type type = Type::kFloat32;  ///< of x, gate and y
  std::int64_t height = 1, width = 0, padded = 0, channels = 0, tile_stride = 0;
  std::int64_t kernel_height = 1, kernel_width = 0, centre_row = 0, centre_column = 0;
  const T* weight = nullptr;  ///< (KH · KW) rows, weight_stride apart; whole vectors can be read
  const T* bias = nullptr;    ///< or null
  std::int64_t weight_stride = 0;
  const void* x = nullptr;
  std::int64_t x_stride = 0;
  const void* ahead = nullptr;  ///< the x of the next job, to be fetched early; or null
  const void* gate = nullptr;   ///< or null
  std::int64_t gate_stride = 0;
  void* y = nullptr;
  std::int64_t y_stride = 0;
  T* work = nullptr;  ///< short_tile_work() elements

  /// Positions are taken in blocks that stay in the nearest cache with the taps' reach around them.
  std::int64_t block_columns() const { return std::min(width, kBlock); }
  std::int64_t block_rows() const { return std::min(height, kBlock / block_columns()); }
  std::int64_t reach_columns() const { return block_columns() + kernel_width - 1; }
  /// Positions of a block with that reach.
  std::int64_t reach() const { return (block_rows() + kernel_height - 1) * reach_columns(); }

 private:
  static constexpr std::int64_t kBlock = 128;
};

template <class T>
std::int64_t short_tile_work(const ShortTileJob<T>& job, std::int64_t lanes) {
  return 2 * job.reach() * lanes;
}

/// The functions of the instruction set whose vectors group_kernels<T>() has too; s is the filtered
/// x.
template <class T>
struct ShortTileKernels {
  /// tile = s, or gate ⊙ s.
  void (*fill)(const ShortTileJob<T>& job, T* tile);
  /// tile = tile ⊙ s.
  void (*multiply)(const ShortTileJob<T>& job, T* tile);
  /// y = s ⊙ tile.
  void (*gate)(const ShortTileJob<T>& job, const T* tile);
  /// The tile holds the gradient of s, or what `gate` makes that of: y = the gradient of x. Adds to
  /// dweight (rows weight_stride apart) and dbias.
  void (*backward)(const ShortTileJob<T>& job, T* tile, T* dweight, T* dbias);
};

template <class T>
const ShortTileKernels<T>& short_tile_kernels();

}  // namespace hyena::kernels::cpu
