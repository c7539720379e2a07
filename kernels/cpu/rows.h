#pragma once

#include <cstdint>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// A walk over the rows of some neighbouring channels in tensors of any type; strides in elements.
/// `a` and `b` are read, `y` is written.
template <class T>
struct RowsJob {
  Type type = Type::kFloat32;
  std::int64_t rows = 0;
  std::int64_t channels = 0;
  std::int64_t tile_stride = 0;  ///< rows of a tile: whole vectors
  const void* a = nullptr;
  std::int64_t a_stride = 0;
  const void* b = nullptr;
  std::int64_t b_stride = 0;
  void* y = nullptr;
  std::int64_t y_stride = 0;
};

}  // namespace hyena::kernels::cpu
