#include "backbone/ops/fftconv_kernels.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include "backbone/ops/float32_island.h"
#include "backbone/ops/kernel_tensors.h"
#include "kernels/fftconv.h"
#include "kernels/fftconv2d.h"

namespace hyena::backbone {
namespace {

using kernels::ConstRows;
using kernels::Rows;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// The two geometries behind one interface: what the autograd function needs of them.
struct Line {
  using Spectrum = kernels::FilterSpectrum;
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
  void forward(const at::Tensor& v, const Spectrum& h, ConstRows q, ConstRows k, Rows y) const {
    kernels::fftconv_forward({v.size(0), kernel_type(v)}, h, q, k, const_rows(v), y,
                             AtenExecutor());
  }
  void backward(const at::Tensor& v, const Spectrum& h, ConstRows q, ConstRows k, ConstRows dy,
                Rows dq, Rows dk, Rows dv, const at::Tensor& dh, void* dbias) const {
    const kernels::FftConvGradients gradients{
        dq, dk, dv, dh.defined() ? taps<kernels::Taps>(dh.mutable_data_ptr(), dh) : kernels::Taps{},
        dbias};
    kernels::fftconv_backward({v.size(0), kernel_type(v)}, h, q, k, const_rows(v), dy, gradients,
                              AtenExecutor());
  }
};

struct Plane {
  using Spectrum = kernels::FilterSpectrum2d;
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
  void forward(const at::Tensor& v, const Spectrum& h, ConstRows q, ConstRows k, Rows y) const {
    kernels::fftconv2d_forward(v.size(0), kernel_type(v), h, q, k, const_rows(v), y,
                               AtenExecutor());
  }
  void backward(const at::Tensor& v, const Spectrum& h, ConstRows q, ConstRows k, ConstRows dy,
                Rows dq, Rows dk, Rows dv, const at::Tensor& dh, void* dbias) const {
    const kernels::FftConv2dGradients gradients{
        dq, dk, dv,
        dh.defined() ? taps<kernels::GridTaps>(dh.mutable_data_ptr(), dh) : kernels::GridTaps{},
        dbias};
    kernels::fftconv2d_backward(v.size(0), kernel_type(v), h, q, k, const_rows(v), dy, gradients,
                                AtenExecutor());
  }
};

/// A spectrum that the backward pass finds again.
template <class Spectrum>
struct Kept final : torch::CustomClassHolder {
  explicit Kept(Spectrum s) : spectrum(std::move(s)) {}
  Spectrum spectrum;
};

/// Spectra above this size are computed twice instead of being kept: they are 8 bytes for each tap.
constexpr std::int64_t kLargestKept = std::int64_t{1} << 22;  // taps

using Optional = std::optional<at::Tensor>;

template <class Geometry>
struct GatedConvolution : torch::autograd::Function<GatedConvolution<Geometry>> {
  /// q, k, v channels first; h and bias of the type that is computed with.
  static at::Tensor forward(AutogradContext* ctx, const Optional& maybe_q, const Optional& maybe_k,
                            const at::Tensor& v, const at::Tensor& h, const Optional& maybe_bias,
                            const Geometry& geometry) {
    const at::Tensor q = maybe_q.value_or(at::Tensor()), k = maybe_k.value_or(at::Tensor());
    const at::Tensor bias = maybe_bias.value_or(at::Tensor());
    const auto type = v.scalar_type();
    const auto values = readable(v, type), gate = readable(q, type), keys = readable(k, type);
    const auto skip = bias.defined() ? bias.contiguous() : bias;
    const auto y = at::empty(values.sizes(), values.options());
    const auto spectrum = geometry.analyse(values, h, skip);
    geometry.forward(values, spectrum, const_rows(gate), const_rows(keys), mutable_rows(y));

    ctx->save_for_backward({q, k, v, h, bias});
    if constexpr (std::is_same_v<Geometry, Line>) {
      ctx->saved_data["centre"] = geometry.centre;
    } else {
      ctx->saved_data["centre_row"] = geometry.geometry.centre_row;
      ctx->saved_data["centre_column"] = geometry.geometry.centre_column;
      ctx->saved_data["circular"] = geometry.geometry.circular;
    }
    if (h.numel() <= kLargestKept) {
      ctx->saved_data["spectrum"] = c10::IValue::make_capsule(
          c10::make_intrusive<Kept<typename Geometry::Spectrum>>(spectrum));
    }
    return channels_first(y);
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &h = saved[3], &bias = saved[4];
    const Geometry geometry = saved_geometry(ctx);
    const auto type = v.scalar_type();
    const auto values = readable(v, type), gate = readable(q, type), keys = readable(k, type);
    const auto dy = readable(gradients[0], type);
    const auto skip = bias.defined() ? bias.contiguous() : bias;

    const auto room = [&](const at::Tensor& like) {
      return like.defined() ? at::empty(values.sizes(), values.options()) : at::Tensor();
    };
    const auto dq = room(q), dk = room(k), dv = room(v);
    // Absent tensors are not counted.
    const std::size_t h_index = 1 + std::size_t{q.defined()} + std::size_t{k.defined()};
    const auto dh = ctx->needs_input_grad(h_index) ? at::empty_like(h) : at::Tensor();
    const auto dbias = bias.defined() && ctx->needs_input_grad(h_index + 1)
                           ? at::empty(bias.sizes(), bias.options())
                           : at::Tensor();
    const auto kept = ctx->saved_data.find("spectrum");
    const auto spectrum =
        kept == ctx->saved_data.end()
            ? geometry.analyse(values, h, skip)
            : c10::static_intrusive_pointer_cast<Kept<typename Geometry::Spectrum>>(
                  kept->second.toCapsule())
                  ->spectrum;
    geometry.backward(values, spectrum, const_rows(gate), const_rows(keys), const_rows(dy),
                      mutable_rows(dq), mutable_rows(dk), mutable_rows(dv), dh,
                      dbias.defined() ? dbias.mutable_data_ptr() : nullptr);
    const auto back = [](const at::Tensor& x) { return x.defined() ? channels_first(x) : x; };
    return {back(dq), back(dk), back(dv), dh, dbias, {}};
  }

 private:
  static Geometry saved_geometry(AutogradContext* ctx) {
    auto& data = ctx->saved_data;
    if constexpr (std::is_same_v<Geometry, Line>) {
      return {data["centre"].toInt()};
    } else {
      return {
          {data["centre_row"].toInt(), data["centre_column"].toInt(), data["circular"].toBool()}};
    }
  }
};

template <class Geometry>
at::Tensor apply(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& h,
                 const at::Tensor& bias, const Geometry& geometry) {
  const auto as = [](const at::Tensor& x, at::ScalarType type) {
    return x.defined() ? Optional(x.to(type)) : std::nullopt;
  };
  const auto type = compute_type(v);
  return GatedConvolution<Geometry>::apply(as(q, v.scalar_type()), as(k, v.scalar_type()), v,
                                           h.to(type), as(bias, type), geometry);
}

template <class Geometry>
PreparedConvolution prepare(const at::Tensor& v, const at::Tensor& h, const at::Tensor& bias,
                            const Geometry& geometry) {
  const auto type = compute_type(v);
  const auto skip = bias.defined() ? bias.to(type).contiguous() : bias;
  const auto spectrum = geometry.analyse(channels_last(v), h.to(type), skip);
  return [spectrum, geometry](const at::Tensor& q, const at::Tensor& k, const at::Tensor& value) {
    const auto dtype = value.scalar_type();
    const auto values = readable(value, dtype), gate = readable(q, dtype),
               keys = readable(k, dtype);
    const auto y = at::empty(values.sizes(), values.options());
    geometry.forward(values, spectrum, const_rows(gate), const_rows(keys), mutable_rows(y));
    return channels_first(y);
  };
}

}  // namespace

PreparedConvolution prepare_kernel_fftconv(const at::Tensor& v, const at::Tensor& h,
                                           const at::Tensor& bias, std::int64_t centre) {
  return prepare(v, h, bias, Line{centre});
}
PreparedConvolution prepare_kernel_fftconv2d(const at::Tensor& v, const at::Tensor& h,
                                             const at::Tensor& bias, const GridGeometry& geometry) {
  return prepare(v, h, bias, Plane{geometry});
}

at::Tensor kernel_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& h, const at::Tensor& bias, std::int64_t centre) {
  return apply(q, k, v, h, bias, Line{centre});
}

at::Tensor kernel_fftconv2d(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const at::Tensor& h, const at::Tensor& bias,
                            const GridGeometry& geometry) {
  return apply(q, k, v, h, bias, Plane{geometry});
}

}  // namespace hyena::backbone
