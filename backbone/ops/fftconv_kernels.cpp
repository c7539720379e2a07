#include "backbone/ops/fftconv_kernels.h"

#include "backbone/ops/gated_convolution.h"
#include "backbone/ops/hyena_conv_kernels.h"
#include "backbone/ops/kernel_line.h"
#include "kernels/fftconv2d.h"

namespace hyena::backbone {
namespace {

struct Plane : ChannelsLast {
  using Spectrum = kernels::FilterSpectrum2d;
  explicit Plane(const GridGeometry& g) : geometry(g) {}
  GridGeometry geometry;

  template <class Taps, class Pointer>
  Taps taps(Pointer data, const at::Tensor& h) const {
    return {data,        h.size(0),           h.size(1),
            h.size(2),   geometry.centre_row, geometry.centre_column,
            h.stride(0), h.stride(1),         h.stride(2)};
  }
  Spectrum analyse(const at::Tensor& v, const at::Tensor& h, const at::Tensor& bias) const {
    return {taps<kernels::ConstGridTaps>(h.const_data_ptr(), h),
            bias.defined() ? bias.const_data_ptr() : nullptr,
            {v.size(1), v.size(2), geometry.circular},
            v.size(3),
            kernel_type(v),
            AtenExecutor()};
  }
  void forward(const at::Tensor& v, const Spectrum& h, const at::Tensor& q, const at::Tensor& k,
               const at::Tensor& y) const {
    kernels::fftconv2d_forward(v.size(0), kernel_type(v), h, const_rows(q), const_rows(k),
                               const_rows(v), mutable_rows(y), AtenExecutor());
  }
  void backward(const at::Tensor& v, const Spectrum& h, const at::Tensor& q, const at::Tensor& k,
                const at::Tensor& dy, const at::Tensor& dq, const at::Tensor& dk,
                const at::Tensor& dv, const at::Tensor& dh, const at::Tensor& dbias) const {
    const kernels::FftConv2dGradients gradients{
        mutable_rows(dq), mutable_rows(dk), mutable_rows(dv),
        dh.defined() ? taps<kernels::GridTaps>(dh.mutable_data_ptr(), dh) : kernels::GridTaps{},
        data_or_null(dbias)};
    kernels::fftconv2d_backward(v.size(0), kernel_type(v), h, const_rows(q), const_rows(k),
                                const_rows(v), const_rows(dy), gradients, AtenExecutor());
  }
};

}  // namespace

PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, std::int64_t centre) {
  const auto spectrum = prepared_spectrum(v, h, bias, Line{centre});
  return {.gated = gated_with(spectrum, Line{centre}),
          .streams = [spectrum](const at::Tensor& x, const at::Tensor& weight,
                                const at::Tensor& short_bias, bool causal) {
            return kernel_hyena_conv(x, weight, short_bias, spectrum, causal);
          }};
}
PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, const GridGeometry& geometry) {
  return {.gated = gated_with(prepared_spectrum(v, h, bias, Plane{geometry}), Plane{geometry})};
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
