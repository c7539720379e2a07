#pragma once

#include "kernels/cuda/device.h"

/// Rows of filters by lag (taps.h) as lines on the ring x^size = −i: the taps of lags 0, 1, … are
/// real parts from the start, that of lag −j is the imaginary part at size − j.
namespace hyena::kernels::cuda {

struct LagTaps {
  static constexpr bool kReal = false;
  const float* dense;
  std::int64_t stride;             ///< floats from one channel to the next
  std::int64_t first_lag, length;  ///< lags first_lag … length − 1
  std::int64_t size;
  float scale;

  struct Row {
    const float* zero;
    std::int64_t first_lag, length, size;
    float scale;
    HYENA_DEVICE float2 at(std::int64_t n) const {
      const float right = n < length ? load(zero + n) : 0;
      const float left = n - size >= first_lag ? load(zero + n - size) : 0;
      return make_float2(right * scale, left * scale);
    }
  };
  HYENA_DEVICE Row row(std::int64_t channel, std::int64_t from = 0) const {
    return {dense + channel * stride + from - first_lag, first_lag, length, size, scale};
  }
};

/// The way back.
struct LagGradients {
  static constexpr bool kReal = false;
  float* dense;
  std::int64_t stride, first_lag, length, size;
  float scale;

  struct Row {
    float* zero;
    std::int64_t first_lag, length, size;
    float scale;
    HYENA_DEVICE void put(std::int64_t n, float2 x) const {
      if (n < length) store(zero + n, x.x * scale);
      if (n - size >= first_lag) store(zero + n - size, x.y * scale);
    }
  };
  HYENA_DEVICE Row row(std::int64_t channel, std::int64_t from = 0) const {
    return {dense + channel * stride + from - first_lag, first_lag, length, size, scale};
  }
};

}  // namespace hyena::kernels::cuda
