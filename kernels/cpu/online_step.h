#pragma once

#include <cstdint>

namespace hyena::kernels::cpu {

/// What a step does, for the best instruction set of this machine. Channels are neighbours.
template <class T>
struct OnlineKernels {
  /// y[d] = start[d] + Σ_{j < taps} h[j · channels + d] · v[d − j · channels]
  void (*dot)(const T* h, const T* v, std::int64_t taps, std::int64_t channels, const T* start,
              T* y);
  /// y += x, `rows` rows of `width` numbers; those of x are neighbours, those of y `stride` apart.
  void (*add)(const T* x, std::int64_t rows, std::int64_t width, T* y, std::int64_t stride);
};

template <class T>
const OnlineKernels<T>& online_kernels();

}  // namespace hyena::kernels::cpu
