#include "backbone/ops/short_conv_kernels.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "backbone/ops/float32_island.h"
#include "backbone/ops/kernel_tensors.h"
#include "kernels/short_conv.h"

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Optional = std::optional<at::Tensor>;

/// `rows` as readable() gives it: (B, L, C) or (B, H, W, C).
kernels::ShortConvShape shape_of(const at::Tensor& rows, const at::Tensor& weight,
                                 std::int64_t centre_row, std::int64_t centre_column) {
  const bool line = rows.dim() == 3;
  return {.batch = rows.size(0),
          .height = line ? 1 : rows.size(1),
          .width = rows.size(-2),
          .channels = rows.size(-1),
          .kernel_height = line ? 1 : weight.size(2),
          .kernel_width = weight.size(-1),
          .centre_row = centre_row,
          .centre_column = centre_column,
          .type = kernel_type(rows)};
}

struct ShortConvolution : torch::autograd::Function<ShortConvolution> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const Optional& maybe_bias, std::int64_t centre_row,
                            std::int64_t centre_column) {
    const at::Tensor bias = maybe_bias.value_or(at::Tensor());
    const auto rows = readable(x, x.scalar_type());
    const auto taps = weight.contiguous(), skip = bias.defined() ? bias.contiguous() : bias;
    const auto y = at::empty(rows.sizes(), rows.options());
    kernels::short_conv_forward(
        shape_of(rows, taps, centre_row, centre_column), const_rows(rows), taps.const_data_ptr(),
        skip.defined() ? skip.const_data_ptr() : nullptr, mutable_rows(y), AtenExecutor());
    ctx->save_for_backward({x, weight, bias});
    ctx->saved_data["centre_row"] = centre_row;
    ctx->saved_data["centre_column"] = centre_column;
    return channels_first(y);
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const auto rows = readable(x, x.scalar_type()), dy = readable(gradients[0], x.scalar_type());
    const auto taps = weight.contiguous();
    const auto room = [&](std::size_t index, const at::Tensor& like) {
      return like.defined() && ctx->needs_input_grad(index)
                 ? at::empty(like.sizes(), like.options())
                 : at::Tensor();
    };
    const auto dx = room(0, rows), dweight = room(1, taps), dbias = room(2, bias);
    const auto pointer = [](const at::Tensor& t) {
      return t.defined() ? t.mutable_data_ptr() : nullptr;
    };
    kernels::short_conv_backward(shape_of(rows, taps, ctx->saved_data["centre_row"].toInt(),
                                          ctx->saved_data["centre_column"].toInt()),
                                 const_rows(rows), taps.const_data_ptr(), const_rows(dy),
                                 mutable_rows(dx), pointer(dweight), pointer(dbias),
                                 AtenExecutor());
    return {dx.defined() ? channels_first(dx) : dx, dweight, dbias, {}, {}};
  }
};

}  // namespace

at::Tensor kernel_short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t centre_row, std::int64_t centre_column) {
  const Float32Island island;
  const auto type = compute_type(x);
  return ShortConvolution::apply(x, weight.to(type),
                                 bias.defined() ? Optional(bias.to(type)) : std::nullopt,
                                 centre_row, centre_column);
}

}  // namespace hyena::backbone
