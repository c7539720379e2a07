#pragma once

#include <cstdint>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/executor.h"

/// What a language model does with one token of each of a few sequences: products of large matrices
/// with few rows, where reading the weights is all the work, and what lies between them. T is float
/// or double; rows lie packed one behind the other.
namespace hyena::kernels {

/// y = W x + b with the weights packed in the order in which they are read, once for all rows.
/// Immutable after construction, may be used by several threads.
template <class T>
class PackedMatrix {
 public:
  PackedMatrix() = default;
  /// weight (out, in), rows packed; bias (out) or null. Throws ArgumentError for out or in < 1.
  PackedMatrix(const T* weight, const T* bias, std::int64_t out, std::int64_t in);

  /// x (rows, in) → y (rows, out); they must not overlap. The order of sums depends on `in` alone.
  void multiply(const T* x, std::int64_t rows, T* y, const Executor& executor = {}) const;

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  std::int64_t bytes() const { return static_cast<std::int64_t>(weight_.bytes() + bias_.bytes()); }

 private:
  std::int64_t out_ = 0, in_ = 0;
  cpu::AlignedBuffer<T> weight_, bias_;
};

/// y += x, `count` numbers.
template <class T>
void add_into(const T* x, std::int64_t count, T* y);

/// y = a ⊙ b; y may be a or b.
template <class T>
void multiply_into(const T* a, const T* b, std::int64_t count, T* y);

/// y[d] = start[d] + Σ_{j < taps} h[j · width + d] · x[d − j · width]: a short filter over the last
/// rows, the newest at x.
template <class T>
void sum_taps(const T* h, const T* x, std::int64_t taps, std::int64_t width, const T* start, T* y);

/// Normalises rows of x (rows, width) to y: (x − mean) / √(variance + eps) · weight + bias. weight
/// and bias may be null.
template <class T>
void layer_norm(const T* x, std::int64_t rows, std::int64_t width, const T* weight, const T* bias,
                double eps, T* y);

enum class Activation { kNone, kRelu, kGelu, kGeluTanh, kSilu, kSin };

/// In place.
template <class T>
void activate(Activation activation, std::int64_t count, T* x);

/// Attention of one query over `positions` cached keys and values, head by head:
///   y[h] = Σ_t softmax_t(q[h] · k[t, h] / √head_dim) v[t, h]
/// q, y (heads · head_dim), keys and values (positions, heads · head_dim); `scores` holds
/// `positions` numbers.
template <class T>
void attend(const T* q, const T* keys, const T* values, std::int64_t positions, std::int64_t heads,
            std::int64_t head_dim, T* scores, T* y);

}  // namespace hyena::kernels
