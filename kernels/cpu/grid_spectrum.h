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

  std::int64_t group_size() const { return 2 * grid_kernels<T>().lanes * plan.points(); }
};

struct GridSpectrum {
  Grid2d grid;
  std::int64_t channels = 0;
  bool is_double = false;
  GridSpectrumOf<float> f32;
  GridSpectrumOf<double> f64;

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
