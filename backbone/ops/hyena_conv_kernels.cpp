#include "backbone/ops/hyena_conv_kernels.h"

#include <optional>

#include "backbone/ops/gated_convolution.h"
#include "backbone/ops/kernel_line.h"
#include "kernels/hyena_conv.h"

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Optional = std::optional<at::Tensor>;

kernels::ShortFilters short_filters(const at::Tensor& weight, const at::Tensor& bias, bool causal) {
  const std::int64_t taps = weight.size(2);
  return {.weight = weight.const_data_ptr(),
          .bias = bias.defined() ? bias.const_data_ptr() : nullptr,
          .taps = taps,
          .centre = causal ? taps - 1 : taps / 2};
}

at::Tensor contiguous(const at::Tensor& x) {
  return x.defined() ? x.contiguous() : x;
}

/// The last third of the channels, as the long convolution sees its signal.
at::Tensor value_of(const at::Tensor& rows) {
  return rows.slice(2, 2 * rows.size(2) / 3);
}

at::Tensor forward_with(const at::Tensor& rows, const kernels::ShortFilters& filters,
                        const kernels::FilterSpectrum& spectrum) {
  const auto y = at::empty({rows.size(0), rows.size(1), rows.size(2) / 3}, rows.options());
  kernels::hyena_conv_forward({rows.size(0), kernel_type(rows)}, spectrum, filters,
                              const_rows(rows), mutable_rows(y), AtenExecutor());
  return y;
}

struct HyenaConvolution : torch::autograd::Function<HyenaConvolution> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& h, const Optional& maybe_short_bias,
                            const Optional& maybe_bias, std::int64_t centre, bool causal) {
    const at::Tensor short_bias = maybe_short_bias.value_or(at::Tensor()),
                     bias = maybe_bias.value_or(at::Tensor());
    const auto rows = readable(x, x.scalar_type());
    const auto taps = weight.contiguous(), shift = contiguous(short_bias);
    const auto spectrum = Line{centre}.analyse(value_of(rows), h, contiguous(bias));
    const auto y = forward_with(rows, short_filters(taps, shift, causal), spectrum);
    ctx->save_for_backward({x, weight, h, short_bias, bias});
    ctx->saved_data["centre"] = centre;
    ctx->saved_data["causal"] = causal;
    if (h.numel() <= kLargestKept) {
      ctx->saved_data["spectrum"] = Kept<kernels::FilterSpectrum>::make(spectrum);
    }
    return channels_first(y);
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &h = saved[2], &short_bias = saved[3],
                     &bias = saved[4];
    const Line line{ctx->saved_data["centre"].toInt()};
    const auto rows = readable(x, x.scalar_type()), dy = readable(gradients[0], x.scalar_type());
    const auto taps = weight.contiguous(), shift = contiguous(short_bias);
    const auto kept = ctx->saved_data.find("spectrum");
    const auto spectrum = kept == ctx->saved_data.end()
                              ? line.analyse(value_of(rows), h, contiguous(bias))
                              : Kept<kernels::FilterSpectrum>::of(kept->second);
    // Absent tensors are not counted.
    std::size_t index = 0;
    const auto room = [&](const at::Tensor& like) {
      const bool wanted = like.defined() && ctx->needs_input_grad(index++);
      return wanted ? at::empty(like.sizes(), like.options()) : at::Tensor();
    };
    ++index;  // x: its gradient comes with the others
    const auto dweight = room(taps), dh = room(h), dshort_bias = room(short_bias),
               dbias = room(bias);
    const auto dx = at::empty(rows.sizes(), rows.options());
    kernels::hyena_conv_backward(
        {rows.size(0), kernel_type(rows)}, spectrum,
        short_filters(taps, shift, ctx->saved_data["causal"].toBool()), const_rows(rows),
        const_rows(dy),
        {.dx = mutable_rows(dx),
         .dh = dh.defined() ? line.taps<kernels::Taps>(dh.mutable_data_ptr(), dh) : kernels::Taps{},
         .dbias = data_or_null(dbias),
         .dweight = data_or_null(dweight),
         .dshort_bias = data_or_null(dshort_bias)},
        AtenExecutor());
    return {channels_first(dx), dweight, dh, dshort_bias, dbias, {}, {}};
  }
};

}  // namespace

at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const at::Tensor& h,
                             const at::Tensor& bias, std::int64_t centre, bool causal) {
  const auto type = compute_type(x);
  const auto maybe = [&](const at::Tensor& t) {
    return t.defined() ? Optional(t.to(type)) : std::nullopt;
  };
  return HyenaConvolution::apply(x, short_weight.to(type), h.to(type), maybe(short_bias),
                                 maybe(bias), centre, causal);
}

at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const kernels::FilterSpectrum& filter,
                             bool causal) {
  const auto type = compute_type(x);
  const auto taps = short_weight.to(type).contiguous();
  const auto shift = contiguous(short_bias.defined() ? short_bias.to(type) : short_bias);
  return channels_first(
      forward_with(readable(x, x.scalar_type()), short_filters(taps, shift, causal), filter));
}

}  // namespace hyena::backbone
