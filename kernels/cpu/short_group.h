#pragma once

#include <cstdint>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// A depthwise convolution of one signal, as kernels/short_conv.h defines it.
template <class T>
struct ShortJob {
  Type type = Type::kFloat32;
  std::int64_t height = 1, width = 0, channels = 0;
  std::int64_t kernel_height = 1, kernel_width = 0, centre_row = 0, centre_column = 0;
  const void* x = nullptr;  ///< first position; `x_stride` elements from one to the next
  std::int64_t x_stride = 0;
  const void* dy = nullptr;  ///< for the gradients of the weights
  std::int64_t dy_stride = 0;
  void* y = nullptr;
  std::int64_t y_stride = 0;
  const T* weight = nullptr;  ///< (KH · KW, C)
  const T* bias = nullptr;    ///< (C) or null
};

/// The functions of the best instruction set of this machine.
template <class T>
struct ShortKernels {
  /// Rows [first, last) of y.
  void (*forward)(const ShortJob<T>& job, std::int64_t first, std::int64_t last);
  /// Adds to dweight (KH · KW, C) and dbias (C).
  void (*weight_gradient)(const ShortJob<T>& job, T* dweight, T* dbias);
};

template <class T>
const ShortKernels<T>& short_kernels();

}  // namespace hyena::kernels::cpu
