#pragma once

#include <cstdint>

#include "kernels/cpu/plan.h"
#include "kernels/cpu/rows.h"

/// One group of channels, as wide as a vector register: what the instruction-set specific part of
/// the CPU kernels works on.
namespace hyena::kernels::cpu {

/// Rows of consecutive positions; the group's channels lie next to each other in a row.
template <class T>
struct ConstGroup {
  const T* data = nullptr;
  std::int64_t stride = 0;  ///< from row to row, elements
  const T* row(std::int64_t t) const { return data + t * stride; }
};
template <class T>
struct Group {
  T* data = nullptr;
  std::int64_t stride = 0;
  T* row(std::int64_t t) const { return data + t * stride; }
};

template <class T>
struct BackwardRows {
  ConstGroup<T> q, k, v, dy;  ///< q and k may be absent
  Group<T> dq;                ///< where wanted: dy times the convolution, without q that alone
  Group<T> dk, dv;            ///< dk only with k
  bool first = true;          ///< of its sum: the gradient is written, not added to
};

/// Spectra that are summed when they are read: `count` of them, each `stride` elements behind the
/// one before.
template <class T>
struct Sum {
  const T* data = nullptr;
  std::int64_t count = 1, stride = 0;
};

/// The functions of the best instruction set of this machine. All rows number plan.size; spectra,
/// `kept` and `gradient` hold 2 · lanes · plan.size elements, `work` 2 · lanes · plan.stored; those
/// four are aligned to 64 bytes.
template <class T>
struct GroupKernels {
  std::int64_t lanes;
  const char* instruction_set;

  /// spectrum = F(re + i im) / n; `im` may be absent.
  void (*analyse)(const Plan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, T* work, T* spectrum);
  /// re + i im = F⁻¹(spectrum), `im` may be absent.
  void (*synthesise)(const Plan<T>& plan, Sum<T> spectrum, T* work, Group<T> re, Group<T> im);
  /// y = q ⊙ Re F⁻¹(H · F(k ⊙ v)).
  void (*convolve)(const Plan<T>& plan, const T* spectrum, ConstGroup<T> q, ConstGroup<T> k,
                   ConstGroup<T> v, Group<T> y, T* work);
  /// dq, dk, dv, and gradient (+)= F(q ⊙ dy) · conj F(k ⊙ v).
  void (*backward)(const Plan<T>& plan, const T* spectrum, const BackwardRows<T>& rows, T* gradient,
                   T* kept, T* work);

  /// tile = a ⊙ b, or b where there is no a; tile [rows][lanes].
  void (*pack)(const RowsJob<T>& job, T* tile);
  /// y = a ⊙ tile, or tile.
  void (*unpack)(const RowsJob<T>& job, const T* tile);
};

template <class T>
const GroupKernels<T>& group_kernels();

}  // namespace hyena::kernels::cpu
