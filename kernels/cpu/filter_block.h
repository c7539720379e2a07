#pragma once

#include <cstdint>
#include <vector>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// Weights (out, in) as the products read them, in panels of as many columns as a register tile
/// has; columns that do not exist are zero.
template <class T>
struct PackedWeight {
  std::int64_t in = 0, out = 0;
  const T* forward = nullptr;   ///< panels of outputs, [in][panel] each
  const T* backward = nullptr;  ///< panels of inputs, [out][panel] each; only for gradients
  std::int64_t sum = -1;  ///< where its gradient lies in a slice of sums; negative: not wanted
};

template <class T>
struct PackedSineLayer {
  PackedWeight<T> weight;
  const T* bias = nullptr;  ///< (padded F)
  const T* freq = nullptr;
  std::int64_t bias_sum = -1, freq_sum = -1;
};

/// An implicit filter as kernels/filter.h defines it, ready to be evaluated in blocks of positions.
/// Vectors over channels are padded with zeros, rows of tiles too.
template <class T>
struct FilterJob {
  std::int64_t features = 0, width = 0, channels = 0;
  bool normalized = false;
  const T* z = nullptr;
  std::int64_t z_position = 0, z_feature = 0;
  std::vector<PackedSineLayer<T>> layers;
  PackedWeight<T> last;
  const T* t = nullptr;
  const T* rate = nullptr;  ///< |delta|, padded C
  const T* shift = nullptr;
  std::int64_t rate_sum = -1, shift_sum = -1;
  T* dz = nullptr;
  std::int64_t dz_position = 0, dz_feature = 0;
};

/// The functions of the best instruction set of this machine.
template <class T>
struct FilterKernels {
  std::int64_t unit;   ///< widths are padded to a multiple of it
  std::int64_t panel;  ///< columns of a panel
  /// Elements of work memory for blocks of `count` positions.
  std::int64_t (*work_size)(const FilterJob<T>& job, std::int64_t count, bool backward);
  /// Positions [first, first + count) of h.
  void (*forward)(const FilterJob<T>& job, std::int64_t first, std::int64_t count, const Taps& h,
                  T* work);
  /// Adds their part of the gradients to `sums`, weights as (padded out, padded in); writes dz.
  void (*backward)(const FilterJob<T>& job, std::int64_t first, std::int64_t count,
                   const ConstTaps& dh, T* sums, T* work);
  /// to += from; `count` is a multiple of the unit.
  void (*add)(const T* from, std::int64_t count, T* to);
};

template <class T>
const FilterKernels<T>& filter_kernels();

}  // namespace hyena::kernels::cpu
