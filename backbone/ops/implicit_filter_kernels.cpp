#include "backbone/ops/implicit_filter_kernels.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "backbone/ops/aten_executor.h"
#include "backbone/ops/cuda_kernels.h"
#include "backbone/ops/kernel_tensors.h"
#include "kernels/filter.h"

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// The tensors of a filter in a row, as an autograd function takes them: z, weight, bias and freq
/// of each layer, the last weight, then t, delta and shift as far as there are.
tensor_list in_a_row(const ImplicitFilter& filter) {
  tensor_list out = {filter.z};
  for (const auto& layer : filter.layers) {
    out.insert(out.end(), {layer.weight, layer.bias, layer.freq});
  }
  out.push_back(filter.weight);
  for (const auto& window : {filter.t, filter.delta, filter.shift}) {
    if (window.defined()) out.push_back(window);
  }
  return out;
}

/// Places in that row.
struct Row {
  std::size_t layers;
  std::size_t layer(std::size_t i) const { return 1 + 3 * i; }
  std::size_t weight() const { return 1 + 3 * layers; }
  std::size_t t() const { return weight() + 1; }
  std::size_t delta() const { return weight() + 2; }
  std::size_t shift() const { return weight() + 3; }
};

kernels::FilterShape shape_of(const tensor_list& row, const Row& at, bool normalized) {
  return {.positions = row[0].size(0),
          .features = row[0].size(1),
          .width = row[at.layer(0)].size(0),
          .channels = row[at.weight()].size(0),
          .normalized = normalized,
          .type = kernel_type(row[0])};
}

/// All but z contiguous.
kernels::FilterParameters parameters_of(const tensor_list& row, const Row& at) {
  const auto data = [&](std::size_t i) {
    return i < row.size() ? row[i].const_data_ptr() : nullptr;
  };
  kernels::FilterParameters out;
  out.z = {data(0), row[0].stride(0), row[0].stride(1)};
  for (std::size_t i = 0; i < at.layers; ++i) {
    const std::size_t first = at.layer(i);
    out.layers.push_back({data(first), data(first + 1), data(first + 2)});
  }
  out.weight = data(at.weight());
  out.t = data(at.t());
  out.delta = data(at.delta());
  out.shift = data(at.shift());
  return out;
}

template <class Taps>
Taps taps_of(const at::Tensor& h, decltype(Taps::data) data) {
  return {data, h.size(1), h.size(0), 0, h.stride(1), h.stride(0)};
}

struct FilterFunction : torch::autograd::Function<FilterFunction> {
  static at::Tensor forward(AutogradContext* ctx, at::TensorList tensors, std::int64_t layers,
                            bool normalized, bool on_gpu) {
    tensor_list row = {tensors[0]};
    for (std::size_t i = 1; i < tensors.size(); ++i) row.push_back(tensors[i].contiguous());
    const Row places{static_cast<std::size_t>(layers)};
    const auto shape = shape_of(row, places, normalized);
    const auto h = at::empty({shape.positions, shape.channels}, row[0].options());
    const auto taps = taps_of<kernels::Taps>(h, h.mutable_data_ptr());
    if (on_gpu) {
      cuda_filter_forward(shape, parameters_of(row, places), taps, h);
    } else {
      kernels::filter_forward(shape, parameters_of(row, places), taps, AtenExecutor());
    }
    ctx->save_for_backward(row);
    ctx->saved_data["on_gpu"] = on_gpu;
    ctx->saved_data["layers"] = layers;
    ctx->saved_data["normalized"] = normalized;
    return h;
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const auto row = ctx->get_saved_variables();
    const Row places{static_cast<std::size_t>(ctx->saved_data["layers"].toInt())};
    const at::Tensor& dh = gradients[0];
    tensor_list out(row.size() + 3);
    const auto room = [&](std::size_t i) -> void* {
      if (i >= row.size() || !ctx->needs_input_grad(i)) return nullptr;
      out[i] = at::empty(row[i].sizes(), row[i].options());
      return out[i].mutable_data_ptr();
    };
    kernels::FilterGradients wanted;
    wanted.z = {room(0), row[0].size(1), 1};
    for (std::size_t i = 0; i < places.layers; ++i) {
      const std::size_t first = places.layer(i);
      wanted.layers.push_back({room(first), room(first + 1), room(first + 2)});
    }
    wanted.weight = room(places.weight());
    wanted.delta = room(places.delta());
    wanted.shift = room(places.shift());
    const auto shape = shape_of(row, places, ctx->saved_data["normalized"].toBool());
    const auto taps = taps_of<kernels::ConstTaps>(dh, dh.const_data_ptr());
    if (ctx->saved_data["on_gpu"].toBool()) {
      cuda_filter_backward(shape, parameters_of(row, places), taps, wanted, dh);
    } else {
      kernels::filter_backward(shape, parameters_of(row, places), taps, wanted, AtenExecutor());
    }
    return out;
  }
};

}  // namespace

at::Tensor kernel_implicit_filter(const ImplicitFilter& filter, bool on_gpu) {
  const tensor_list row = in_a_row(filter);
  return FilterFunction::apply(at::TensorList(row), static_cast<std::int64_t>(filter.layers.size()),
                               filter.normalized, on_gpu);
}

}  // namespace hyena::backbone
