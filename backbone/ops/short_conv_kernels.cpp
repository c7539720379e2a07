#include "backbone/ops/short_conv_kernels.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "backbone/ops/aten_executor.h"
#include "backbone/ops/cuda_kernels.h"
#include "backbone/ops/float32_island.h"
#include "backbone/ops/kernel_tensors.h"
#include "kernels/short_conv.h"

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Optional = std::optional<at::Tensor>;

struct ShortConvolution : torch::autograd::Function<ShortConvolution> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const Optional& maybe_bias, std::int64_t centre_row,
                            std::int64_t centre_column, bool on_gpu) {
    const at::Tensor bias = maybe_bias.value_or(at::Tensor());
    const auto taps = weight.contiguous(), skip = bias.defined() ? bias.contiguous() : bias;
    const auto shape = short_conv_shape(x, taps, centre_row, centre_column);
    at::Tensor y;
    if (on_gpu) {
      const auto rows = positions_last(x, x.scalar_type());
      y = room_like(rows);
      cuda_short_conv_forward(shape, rows, taps, skip, y);
    } else {
      const auto rows = readable(x, x.scalar_type());
      y = room_like(rows);
      kernels::short_conv_forward(shape, const_rows(rows), taps.const_data_ptr(),
                                  skip.defined() ? skip.const_data_ptr() : nullptr, mutable_rows(y),
                                  AtenExecutor());
      y = channels_first(y);
    }
    ctx->save_for_backward({x, weight, bias});
    ctx->saved_data["on_gpu"] = on_gpu;
    ctx->saved_data["centre_row"] = centre_row;
    ctx->saved_data["centre_column"] = centre_column;
    return y;
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const bool on_gpu = ctx->saved_data["on_gpu"].toBool();
    const auto read = on_gpu ? positions_last : readable;
    const auto rows = read(x, x.scalar_type()), dy = read(gradients[0], x.scalar_type());
    const auto taps = weight.contiguous();
    const auto room = [&](std::size_t index, const at::Tensor& like) {
      return like.defined() && ctx->needs_input_grad(index) ? room_like(like) : at::Tensor();
    };
    const auto dx = room(0, rows), dweight = room(1, taps), dbias = room(2, bias);
    const auto shape = short_conv_shape(x, taps, ctx->saved_data["centre_row"].toInt(),
                                        ctx->saved_data["centre_column"].toInt());
    if (on_gpu) {
      cuda_short_conv_backward(shape, rows, taps, dy, dx, dweight, dbias);
      return {dx, dweight, dbias, {}, {}, {}};
    }
    const auto pointer = [](const at::Tensor& t) {
      return t.defined() ? t.mutable_data_ptr() : nullptr;
    };
    kernels::short_conv_backward(shape, const_rows(rows), taps.const_data_ptr(), const_rows(dy),
                                 mutable_rows(dx), pointer(dweight), pointer(dbias),
                                 AtenExecutor());
    return {dx.defined() ? channels_first(dx) : dx, dweight, dbias, {}, {}, {}};
  }
};

}  // namespace

kernels::ShortConvShape short_conv_shape(const at::Tensor& x, const at::Tensor& weight,
                                         std::int64_t centre_row, std::int64_t centre_column) {
  const bool line = x.dim() == 3;
  return {.batch = x.size(0),
          .height = line ? 1 : x.size(2),
          .width = x.size(-1),
          .channels = x.size(1),
          .kernel_height = line ? 1 : weight.size(2),
          .kernel_width = weight.size(-1),
          .centre_row = centre_row,
          .centre_column = centre_column,
          .type = kernel_type(x)};
}

at::Tensor kernel_short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t centre_row, std::int64_t centre_column, bool on_gpu) {
  const Float32Island island;
  const auto type = compute_type(x);
  return ShortConvolution::apply(x, weight.to(type),
                                 bias.defined() ? Optional(bias.to(type)) : std::nullopt,
                                 centre_row, centre_column, on_gpu);
}

}  // namespace hyena::backbone
