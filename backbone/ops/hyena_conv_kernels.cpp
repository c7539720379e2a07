#include "backbone/ops/hyena_conv_kernels.h"

#include <optional>

#include "backbone/ops/gated_convolution.h"
#include "backbone/ops/kernel_geometry.h"
#include "kernels/hyena_conv.h"

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Optional = std::optional<at::Tensor>;

kernels::ShortFilters short_filters(const at::Tensor& weight, const at::Tensor& bias,
                                    const ShortStreams& streams) {
  const std::int64_t height = weight.dim() == 4 ? weight.size(2) : 1, width = weight.size(-1);
  return {.weight = weight.const_data_ptr(),
          .bias = bias.defined() ? bias.const_data_ptr() : nullptr,
          .height = height,
          .width = width,
          .centre_row = height / 2,
          .centre_column = streams.causal ? width - 1 : width / 2,
          .gate = streams.gate};
}

at::Tensor contiguous(const at::Tensor& x) {
  return x.defined() ? x.contiguous() : x;
}

/// A third of the channels, as the long convolution sees its signal.
at::Tensor one_stream(const at::Tensor& rows) {
  return rows.slice(-1, 0, rows.size(-1) / 3);
}

template <class Spectrum>
at::Tensor forward_with(const at::Tensor& rows, const kernels::ShortFilters& filters,
                        const Spectrum& spectrum) {
  const auto y = room(one_stream(rows).sizes(), rows.options());
  kernels::hyena_conv_forward({rows.size(0), kernel_type(rows)}, spectrum, filters,
                              const_rows(rows), mutable_rows(y), AtenExecutor());
  return y;
}

template <class Geometry>
struct HyenaConvolution : torch::autograd::Function<HyenaConvolution<Geometry>> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& h, const Optional& maybe_short_bias,
                            const Optional& maybe_bias, const Geometry& geometry,
                            const ShortStreams& streams) {
    const at::AutoDispatchBelowADInplaceOrView plain;  // views inside are nobody's
    const at::Tensor short_bias = maybe_short_bias.value_or(at::Tensor()),
                     bias = maybe_bias.value_or(at::Tensor());
    const auto rows = readable(x, x.scalar_type());
    const auto taps = weight.contiguous(), shift = contiguous(short_bias);
    const auto spectrum = geometry.analyse(one_stream(rows), h, contiguous(bias));
    const auto y = forward_with(rows, short_filters(taps, shift, streams), spectrum);
    ctx->save_for_backward({x, weight, h, short_bias, bias});
    ctx->saved_data["geometry"] = Kept<Geometry>::make(geometry);
    ctx->saved_data["streams"] = Kept<ShortStreams>::make(streams);
    if (h.numel() <= kLargestKept) {
      ctx->saved_data["spectrum"] = Kept<typename Geometry::Spectrum>::make(spectrum);
    }
    return channels_first(y);
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const at::AutoDispatchBelowADInplaceOrView plain;
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &h = saved[2], &short_bias = saved[3],
                     &bias = saved[4];
    const auto geometry = Kept<Geometry>::of(ctx->saved_data["geometry"]);
    const auto rows = readable(x, x.scalar_type()), dy = readable(gradients[0], x.scalar_type());
    const auto taps = weight.contiguous(), shift = contiguous(short_bias);
    const auto kept = ctx->saved_data.find("spectrum");
    const auto spectrum = kept == ctx->saved_data.end()
                              ? geometry.analyse(one_stream(rows), h, contiguous(bias))
                              : Kept<typename Geometry::Spectrum>::of(kept->second);
    std::size_t index = 1;  // of x is 0; absent tensors are not counted
    const auto wanted = [&](const at::Tensor& like) {
      return like.defined() && ctx->needs_input_grad(index++) ? room_like(like) : at::Tensor();
    };
    const auto dweight = wanted(taps), dh = wanted(h), dshort_bias = wanted(contiguous(short_bias)),
               dbias = wanted(contiguous(bias));
    const auto dx = room(rows.sizes(), rows.options());
    kernels::hyena_conv_backward(
        {rows.size(0), kernel_type(rows)}, spectrum,
        short_filters(taps, shift, Kept<ShortStreams>::of(ctx->saved_data["streams"])),
        const_rows(rows), const_rows(dy), geometry.tap_gradients(dh),
        {.dx = mutable_rows(dx),
         .dbias = data_or_null(dbias),
         .dweight = data_or_null(dweight),
         .dshort_bias = data_or_null(dshort_bias)},
        AtenExecutor());
    return {channels_first(dx), dweight, dh, dshort_bias, dbias, {}, {}};
  }
};

template <class Geometry>
at::Tensor differentiable(const at::Tensor& x, const at::Tensor& short_weight,
                          const at::Tensor& short_bias, const at::Tensor& h, const at::Tensor& bias,
                          const Geometry& geometry, const ShortStreams& streams) {
  const auto type = compute_type(x);
  const auto maybe = [&](const at::Tensor& t) {
    return t.defined() ? Optional(t.to(type)) : std::nullopt;
  };
  return HyenaConvolution<Geometry>::apply(x, short_weight.to(type), h.to(type), maybe(short_bias),
                                           maybe(bias), geometry, streams);
}

template <class Spectrum>
at::Tensor with_ready(const at::Tensor& x, const at::Tensor& short_weight,
                      const at::Tensor& short_bias, const Spectrum& filter,
                      const ShortStreams& streams) {
  const auto type = compute_type(x);
  const auto taps = short_weight.to(type).contiguous();
  const auto shift = contiguous(short_bias.defined() ? short_bias.to(type) : short_bias);
  return channels_first(
      forward_with(readable(x, x.scalar_type()), short_filters(taps, shift, streams), filter));
}

}  // namespace

at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const at::Tensor& h,
                             const at::Tensor& bias, std::int64_t centre,
                             const ShortStreams& streams) {
  return differentiable(x, short_weight, short_bias, h, bias, Line{centre}, streams);
}
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const at::Tensor& h,
                             const at::Tensor& bias, const GridGeometry& geometry,
                             const ShortStreams& streams) {
  return differentiable(x, short_weight, short_bias, h, bias, Plane{geometry}, streams);
}

at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const kernels::FilterSpectrum& filter,
                             const ShortStreams& streams) {
  return with_ready(x, short_weight, short_bias, filter, streams);
}
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const kernels::FilterSpectrum2d& filter,
                             const ShortStreams& streams) {
  return with_ready(x, short_weight, short_bias, filter, streams);
}

}  // namespace hyena::backbone
