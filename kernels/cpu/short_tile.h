#pragma once

#include <cstdint>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// A short filter of some neighbouring channels of one line, between rows of a caller's tensor and
/// a tile, [position][tile_stride], in the type that is computed with. Strides in elements.
template <class T>
struct ShortTileJob {
  Type type = Type::kFloat32;  ///< of x, gate and y
  std::int64_t length = 0, channels = 0, tile_stride = 0;
  std::int64_t taps = 0, centre = 0;
  const T* weight = nullptr;  ///< tap j begins at j · weight_stride; whole vectors can be read
  const T* bias = nullptr;    ///< or null
  std::int64_t weight_stride = 0;
  const void* x = nullptr;
  std::int64_t x_stride = 0;
  const void* gate = nullptr;  ///< or null
  std::int64_t gate_stride = 0;
  void* y = nullptr;
  std::int64_t y_stride = 0;
};

/// The functions of the best instruction set of this machine; s is the filtered x.
template <class T>
struct ShortTileKernels {
  /// tile = s, or gate ⊙ s.
  void (*fill)(const ShortTileJob<T>& job, T* tile);
  /// tile = tile ⊙ s.
  void (*multiply)(const ShortTileJob<T>& job, T* tile);
  /// y = s ⊙ tile.
  void (*gate)(const ShortTileJob<T>& job, const T* tile);
  /// The tile holds the gradient of s, or what `gate` makes that of: y = the gradient of x. Adds to
  /// dweight (taps with weight_stride between them) and dbias.
  void (*backward)(const ShortTileJob<T>& job, T* tile, T* dweight, T* dbias);
};

template <class T>
const ShortTileKernels<T>& short_tile_kernels();

}  // namespace hyena::kernels::cpu
