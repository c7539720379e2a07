#pragma once

#include <cstdint>

#include "kernels/cpu/group.h"

/// Groups of channels on a grid of height × width positions.
namespace hyena::kernels::cpu {

/// How a grid is transformed: rows on the right-angle ring, columns padded on an ordinary one. No
/// plans: by sums over all pairs of positions, as Plan::direct.
template <class T>
struct GridPlan {
  std::shared_ptr<const Plan<T>> row, column;
  std::int64_t height = 0, width = 0;
  bool direct() const { return row == nullptr; }
  std::int64_t points() const { return row->size * column->size; }
  /// Of a spectrum, numbers for each lane.
  std::int64_t spectrum_size() const {
    return direct() ? (2 * height - 1) * (2 * width - 1) : 2 * points();
  }
};

/// The functions of the best instruction set of this machine, as GroupKernels. Rows of positions
/// are height · plan.row->size, row after row; a spectrum, `gradient` and the taps of analyse and
/// synthesise number plan.points(), those taps as column->size rows of row->size.
template <class T>
struct GridKernels {
  std::int64_t lanes;

  std::int64_t (*work_size)(const GridPlan<T>& plan, std::int64_t groups, bool backward);

  void (*analyse)(const GridPlan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, Workspace<T> work,
                  T* spectrum);
  void (*synthesise)(const GridPlan<T>& plan, Sum<T> spectrum, Workspace<T> work, Group<T> re,
                     Group<T> im);
  void (*convolve)(const GridPlan<T>& plan, const T* spectrum, std::int64_t groups, ConstGroup<T> q,
                   ConstGroup<T> k, ConstGroup<T> v, Group<T> y, Workspace<T> work);
  void (*backward)(const GridPlan<T>& plan, const T* spectrum, std::int64_t groups,
                   const BackwardRows<T>& rows, T* gradient, Workspace<T> work);
};

template <class T>
const GridKernels<T>& grid_kernels();

}  // namespace hyena::kernels::cpu
