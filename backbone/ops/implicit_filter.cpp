#include "backbone/ops/implicit_filter.h"

#include <ATen/ATen.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/float32_island.h"
#include "backbone/ops/flops.h"
#include "backbone/ops/implicit_filter_kernels.h"
#include "backbone/ops/kernel_tensors.h"

namespace hyena::backbone {
namespace {

/// Every tensor of the type.
ImplicitFilter converted(const ImplicitFilter& filter, at::ScalarType type) {
  const auto as = [&](const at::Tensor& x) { return x.defined() ? x.to(type) : x; };
  ImplicitFilter out{
      as(filter.z),     {}, as(filter.weight), as(filter.t), as(filter.delta), as(filter.shift),
      filter.normalized};
  for (const auto& layer : filter.layers) {
    out.layers.push_back({as(layer.weight), as(layer.bias), as(layer.freq)});
  }
  return out;
}

at::Tensor composed_implicit_filter(const ImplicitFilter& filter) {
  auto h = filter.z;
  for (const auto& layer : filter.layers) {
    h = at::sin(layer.freq * at::linear(h, layer.weight, layer.bias));
  }
  h = at::linear(h, filter.weight);
  if (filter.t.defined()) {
    auto window = at::exp(-filter.t.unsqueeze(1) * filter.delta.abs());
    if (filter.shift.defined()) window = window + filter.shift;
    h = h * window;
  }
  return filter.normalized ? h / h.abs().sum(-1, /*keepdim=*/true) : h;
}

}  // namespace

at::Tensor implicit_filter(const ImplicitFilter& filter) {
  const Float32Island island;
  auto weights = static_cast<double>(filter.weight.numel());
  for (const auto& layer : filter.layers) weights += static_cast<double>(layer.weight.numel());
  count_flops("filter", 2.0 * static_cast<double>(filter.z.size(0)) * weights);
  const ImplicitFilter ready = converted(filter, compute_type(filter.z));
  return on_kernels(ready.z) ? kernel_implicit_filter(ready, on_gpu(ready.z))
                             : composed_implicit_filter(ready);
}

}  // namespace hyena::backbone
