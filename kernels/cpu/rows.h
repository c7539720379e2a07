#pragma once

#include <cstdint>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// A walk over the rows of one group of channels in tensors of any type; strides in elements. `a`
/// and `b` are read, `y` is written.
template <class T>
struct RowsJob {
  Type type = Type::kFloat32;
  std::int64_t rows = 0;
  std::int64_t lanes = 0;  ///< channels of this group, at most those of a vector
  const void* a = nullptr;
  std::int64_t a_stride = 0;
  const void* b = nullptr;
  std::int64_t b_stride = 0;
  void* y = nullptr;
  std::int64_t y_stride = 0;
};

}  // namespace hyena::kernels::cpu
