#pragma once

#include <cstdint>

#include "kernels/token_step.h"

namespace hyena::kernels::cpu {

/// The functions behind kernels/token_step.h, of the best instruction set of this machine.
template <class T>
struct TokenKernels {
  std::int64_t lanes;
  /// Outputs that a block of a packed matrix holds: `block` · lanes while there are as many, then
  /// lanes. Within a block a row of outputs for each input.
  std::int64_t block;
  /// y[r][0 … outputs) = bias + W x[r] for one block of `vectors` vectors.
  void (*product)(const T* weight, const T* bias, std::int64_t vectors, std::int64_t in, const T* x,
                  std::int64_t rows, T* y, std::int64_t stride, std::int64_t outputs);
  void (*add)(const T* x, std::int64_t count, T* y);
  void (*multiply)(const T* a, const T* b, std::int64_t count, T* y);
  void (*norm)(const T* x, std::int64_t width, const T* weight, const T* bias, double eps, T* y);
  void (*activate)(Activation activation, std::int64_t count, T* x);
  void (*attend)(const T* q, const T* keys, const T* values, std::int64_t positions,
                 std::int64_t head_dim, std::int64_t stride, T* scores, T* y);
};

template <class T>
const TokenKernels<T>& token_kernels();

}  // namespace hyena::kernels::cpu
