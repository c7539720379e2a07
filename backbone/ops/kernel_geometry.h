#pragma once

#include <cstdint>

#include "backbone/ops/aten_executor.h"
#include "backbone/ops/fftconv_composed.h"
#include "backbone/ops/kernel_tensors.h"
#include "kernels/fftconv.h"
#include "kernels/fftconv2d.h"

/// How LibTorch's tensors enter the CPU convolutions.
namespace hyena::backbone {

/// Channels last, as a Linear writes them.
struct ChannelsLast {
  static at::Tensor readable(const at::Tensor& x, at::ScalarType dtype) {
    return backbone::readable(x, dtype);
  }
  static at::Tensor channels_first(const at::Tensor& x) { return backbone::channels_first(x); }
};

inline void* data_or_null(const at::Tensor& x) {
  return x.defined() ? x.mutable_data_ptr() : nullptr;
}

struct Line : ChannelsLast {
  using Spectrum = kernels::FilterSpectrum;
  explicit Line(std::int64_t c) : centre(c) {}
  std::int64_t centre;

  template <class Taps, class Pointer>
  Taps taps(Pointer data, const at::Tensor& h) const {
    return {data, h.size(0), h.size(1), centre, h.stride(0), h.stride(1)};
  }
  Spectrum analyse(const at::Tensor& v, const at::Tensor& h, const at::Tensor& bias) const {
    return {taps<kernels::ConstTaps>(h.const_data_ptr(), h),
            bias.defined() ? bias.const_data_ptr() : nullptr,
            v.size(1),
            v.size(2),
            kernel_type(v),
            AtenExecutor()};
  }
  kernels::Taps tap_gradients(const at::Tensor& dh) const {
    return dh.defined() ? taps<kernels::Taps>(dh.mutable_data_ptr(), dh) : kernels::Taps{};
  }
  void forward(const at::Tensor& v, const Spectrum& h, const at::Tensor& q, const at::Tensor& k,
               const at::Tensor& y) const {
    kernels::fftconv_forward({v.size(0), kernel_type(v)}, h, const_rows(q), const_rows(k),
                             const_rows(v), mutable_rows(y), AtenExecutor());
  }
  void backward(const at::Tensor& v, const Spectrum& h, const at::Tensor& q, const at::Tensor& k,
                const at::Tensor& dy, const at::Tensor& dq, const at::Tensor& dk,
                const at::Tensor& dv, const at::Tensor& dh, const at::Tensor& dbias) const {
    const kernels::FftConvGradients gradients{mutable_rows(dq), mutable_rows(dk), mutable_rows(dv),
                                              tap_gradients(dh), data_or_null(dbias)};
    kernels::fftconv_backward({v.size(0), kernel_type(v)}, h, const_rows(q), const_rows(k),
                              const_rows(v), const_rows(dy), gradients, AtenExecutor());
  }
};

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
  kernels::GridTaps tap_gradients(const at::Tensor& dh) const {
    return dh.defined() ? taps<kernels::GridTaps>(dh.mutable_data_ptr(), dh) : kernels::GridTaps{};
  }
  void forward(const at::Tensor& v, const Spectrum& h, const at::Tensor& q, const at::Tensor& k,
               const at::Tensor& y) const {
    kernels::fftconv2d_forward(v.size(0), kernel_type(v), h, const_rows(q), const_rows(k),
                               const_rows(v), mutable_rows(y), AtenExecutor());
  }
  void backward(const at::Tensor& v, const Spectrum& h, const at::Tensor& q, const at::Tensor& k,
                const at::Tensor& dy, const at::Tensor& dq, const at::Tensor& dk,
                const at::Tensor& dv, const at::Tensor& dh, const at::Tensor& dbias) const {
    const kernels::FftConv2dGradients gradients{mutable_rows(dq), mutable_rows(dk),
                                                mutable_rows(dv), tap_gradients(dh),
                                                data_or_null(dbias)};
    kernels::fftconv2d_backward(v.size(0), kernel_type(v), h, const_rows(q), const_rows(k),
                                const_rows(v), const_rows(dy), gradients, AtenExecutor());
  }
};

}  // namespace hyena::backbone
