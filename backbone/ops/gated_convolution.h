#pragma once

#include <optional>
#include <utility>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include "backbone/ops/fftconv_kernels.h"
#include "backbone/ops/float32_island.h"
#include "backbone/ops/kernel_tensors.h"

/// The gated long convolution as LibTorch's autograd sees it, whatever computes it.
///
/// A Geometry is a small value that knows lines or grids on one kind of device:
///   Spectrum                          a filter made ready for one shape of signals
///   readable(x, dtype)                x (channels first) in the layout its kernels read; undefined
///                                     stays undefined
///   channels_first(x)                 the way back, a view
///   analyse(v, h, bias)               the Spectrum for signals like v
///   forward(v, spectrum, q, k, y)     writes y
///   backward(v, spectrum, q, k, dy, dq, dk, dv, dh, dbias)    writes those that are defined
/// with tensors as readable() gives them, h and bias in the dtype of the arithmetic.
namespace hyena::backbone {

/// A value that the backward pass finds again.
template <class Value>
struct Kept final : torch::CustomClassHolder {
  explicit Kept(Value v) : value(std::move(v)) {}
  Value value;

  static c10::IValue make(Value value) {
    return c10::IValue::make_capsule(c10::make_intrusive<Kept>(std::move(value)));
  }
  static Value of(const c10::IValue& capsule) {
    return c10::static_intrusive_pointer_cast<Kept>(capsule.toCapsule())->value;
  }
};

/// Spectra above this size are computed twice instead of being kept: they are 8 bytes for each tap.
inline constexpr std::int64_t kLargestKept = std::int64_t{1} << 22;  // taps

template <class Geometry>
struct GatedConvolution : torch::autograd::Function<GatedConvolution<Geometry>> {
  /// q, k, v channels first; h and bias of the type that is computed with.
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const std::optional<at::Tensor>& maybe_q,
                            const std::optional<at::Tensor>& maybe_k, const at::Tensor& v,
                            const at::Tensor& h, const std::optional<at::Tensor>& maybe_bias,
                            const Geometry& geometry) {
    const at::AutoDispatchBelowADInplaceOrView plain;  // views inside are nobody's
    const at::Tensor q = maybe_q.value_or(at::Tensor()), k = maybe_k.value_or(at::Tensor());
    const at::Tensor bias = maybe_bias.value_or(at::Tensor());
    const auto type = v.scalar_type();
    const auto values = geometry.readable(v, type), gate = geometry.readable(q, type),
               keys = geometry.readable(k, type);
    const auto skip = bias.defined() ? bias.contiguous() : bias;
    const auto y = room_like(values);
    const auto spectrum = geometry.analyse(values, h, skip);
    geometry.forward(values, spectrum, gate, keys, y);

    ctx->save_for_backward({q, k, v, h, bias});
    ctx->saved_data["geometry"] = Kept<Geometry>::make(geometry);
    if (h.numel() <= kLargestKept) {
      ctx->saved_data["spectrum"] = Kept<typename Geometry::Spectrum>::make(spectrum);
    }
    return geometry.channels_first(y);
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               const torch::autograd::tensor_list& gradients) {
    const at::AutoDispatchBelowADInplaceOrView plain;
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &h = saved[3], &bias = saved[4];
    const auto geometry = Kept<Geometry>::of(ctx->saved_data["geometry"]);
    const auto type = v.scalar_type();
    const auto values = geometry.readable(v, type), gate = geometry.readable(q, type),
               keys = geometry.readable(k, type);
    const auto dy = geometry.readable(gradients[0], type);
    const auto skip = bias.defined() ? bias.contiguous() : bias;

    const auto room = [&](const at::Tensor& like) {
      return like.defined() ? room_like(values) : at::Tensor();
    };
    const auto dq = room(q), dk = room(k), dv = room(v);
    // Absent tensors are not counted.
    const std::size_t h_index = 1 + std::size_t{q.defined()} + std::size_t{k.defined()};
    const auto dh = ctx->needs_input_grad(h_index) ? room_like(h) : at::Tensor();
    const auto dbias = bias.defined() && ctx->needs_input_grad(h_index + 1)
                           ? at::empty(bias.sizes(), bias.options())
                           : at::Tensor();
    const auto kept = ctx->saved_data.find("spectrum");
    const auto spectrum = kept == ctx->saved_data.end()
                              ? geometry.analyse(values, h, skip)
                              : Kept<typename Geometry::Spectrum>::of(kept->second);
    geometry.backward(values, spectrum, gate, keys, dy, dq, dk, dv, dh, dbias);
    const auto back = [&](const at::Tensor& x) {
      return x.defined() ? geometry.channels_first(x) : x;
    };
    return {back(dq), back(dk), back(dv), dh, dbias, {}};
  }
};

template <class Geometry>
at::Tensor gated_convolution(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             const at::Tensor& h, const at::Tensor& bias,
                             const Geometry& geometry) {
  const auto as = [](const at::Tensor& x, at::ScalarType type) {
    return x.defined() ? std::optional<at::Tensor>(x.to(type)) : std::nullopt;
  };
  const auto type = compute_type(v);
  return GatedConvolution<Geometry>::apply(as(q, v.scalar_type()), as(k, v.scalar_type()), v,
                                           h.to(type), as(bias, type), geometry);
}

/// A filter made ready for signals like v.
template <class Geometry>
typename Geometry::Spectrum prepared_spectrum(const at::Tensor& v, const at::Tensor& h,
                                              const at::Tensor& bias, const Geometry& geometry) {
  const auto type = compute_type(v);
  const auto skip = bias.defined() ? bias.to(type).contiguous() : bias;
  return geometry.analyse(geometry.readable(v, v.scalar_type()), h.to(type), skip);
}

/// The convolution with it, without gradients.
template <class Geometry>
PreparedConvolution::Gated gated_with(const typename Geometry::Spectrum& spectrum,
                                      const Geometry& geometry) {
  return [spectrum, geometry](const at::Tensor& q, const at::Tensor& k, const at::Tensor& value) {
    const auto dtype = value.scalar_type();
    const auto values = geometry.readable(value, dtype), gate = geometry.readable(q, dtype),
               keys = geometry.readable(k, dtype);
    const auto y = room_like(values);
    geometry.forward(values, spectrum, gate, keys, y);
    return geometry.channels_first(y);
  };
}

}  // namespace hyena::backbone
