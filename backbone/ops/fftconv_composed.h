#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

/// The long convolutions as LibTorch's FFT computes them; arguments as fftconv() has checked them.
namespace hyena::backbone {

/// `centre` is the tap of lag 0.
at::Tensor composed_fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                            std::int64_t centre);

struct GridGeometry {
  std::int64_t centre_row = 0, centre_column = 0;  ///< the tap of lag (0, 0)
  bool circular = false;
};

at::Tensor composed_fftconv2d(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                              const GridGeometry& geometry);

}  // namespace hyena::backbone
