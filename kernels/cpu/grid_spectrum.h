#pragma once

#include <cstdint>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/grid.h"
#include "kernels/fftconv2d.h"

namespace hyena::kernels::cpu {

/// As SpectrumOf, for grids.
template <class T>
struct GridSpectrumOf {
  GridPlan<T> plan;
  AlignedBuffer<T> values;

  static const GridKernels<T>& kernels() { return grid_kernels<T>(); }
  const GridPlan<T>& arguments() const { return plan; }
  std::int64_t group_size() const { return kernels().lanes * plan.spectrum_size(); }
  std::int64_t padded_row() const { return plan.direct() ? plan.width : plan.row->size; }
};

struct GridSpectrum {
  Grid2d grid;
  std::int64_t channels = 0;
  bool is_double = false;
  GridSpectrumOf<float> f32;
  GridSpectrumOf<double> f64;

  Extent extent() const { return {grid.height, grid.width}; }
  template <class T>
  const GridSpectrumOf<T>& as() const {
    if constexpr (sizeof(T) == 8) {
      return f64;
    } else {
      return f32;
    }
  }
};

template <class T>
GridSpectrumOf<T> analyse(const ConstGridTaps& h, const T* bias, const Grid2d& grid,
                          std::int64_t channels, const Executor& executor);

/// As synthesise() of spectrum.h.
template <class T>
void synthesise(const GridSpectrumOf<T>& spectrum, const Grid2d& grid, std::int64_t channels,
                const T* gradients, std::int64_t slices, const GridTaps& dh, T* dbias,
                const Executor& executor);

}  // namespace hyena::kernels::cpu
