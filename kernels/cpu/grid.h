#pragma once

#include <cstdint>

#include "kernels/cpu/group.h"

/// One group of channels on a grid of height × width positions.
namespace hyena::kernels::cpu {

/// How a grid is transformed: rows on the right-angle ring, columns padded on an ordinary one.
template <class T>
struct GridPlan {
  std::shared_ptr<const Plan<T>> row, column;
  std::int64_t height = 0;
  std::int64_t points() const { return row->size * column->size; }
};

/// The functions of the best instruction set of this machine, as GroupKernels. Rows of positions
/// are height · plan.row->size, row after row; a spectrum, `gradient` and the taps of analyse and
/// synthesise number plan.points(), those taps as column->size rows of row->size.
template <class T>
struct GridKernels {
  std::int64_t lanes;

  /// Elements of the work array that the others need.
  std::int64_t (*work_size)(const GridPlan<T>& plan);

  void (*analyse)(const GridPlan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, T* work,
                  T* spectrum);
  void (*synthesise)(const GridPlan<T>& plan, Sum<T> spectrum, T* work, Group<T> re, Group<T> im);
  void (*convolve)(const GridPlan<T>& plan, const T* spectrum, ConstGroup<T> q, ConstGroup<T> k,
                   ConstGroup<T> v, Group<T> y, T* work);
  void (*backward)(const GridPlan<T>& plan, const T* spectrum, const BackwardRows<T>& rows,
                   T* gradient, T* work);
};

template <class T>
const GridKernels<T>& grid_kernels();

}  // namespace hyena::kernels::cpu
