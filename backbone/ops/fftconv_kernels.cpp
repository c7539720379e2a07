#include "backbone/ops/fftconv_kernels.h"

#include "backbone/ops/gated_convolution.h"
#include "backbone/ops/hyena_conv_kernels.h"
#include "backbone/ops/kernel_geometry.h"

namespace hyena::backbone {
namespace {

template <class Geometry>
PreparedConvolution prepared(const at::Tensor& v, const at::Tensor& h, const at::Tensor& bias,
                             const Geometry& geometry) {
  const auto spectrum = prepared_spectrum(v, h, bias, geometry);
  return {.gated = gated_with(spectrum, geometry),
          .streams = [spectrum](const at::Tensor& x, const at::Tensor& weight,
                                const at::Tensor& short_bias, const ShortStreams& streams) {
            return kernel_hyena_conv(x, weight, short_bias, spectrum, streams);
          }};
}

}  // namespace

PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, std::int64_t centre) {
  return prepared(v, h, bias, Line{centre});
}
PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, const GridGeometry& geometry) {
  return prepared(v, h, bias, Plane{geometry});
}

at::Tensor kernel_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& h, const at::Tensor& bias, std::int64_t centre) {
  return gated_convolution(q, k, v, h, bias, Line{centre});
}

at::Tensor kernel_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& h, const at::Tensor& bias,
                          const GridGeometry& geometry) {
  return gated_convolution(q, k, v, h, bias, Plane{geometry});
}

}  // namespace hyena::backbone
