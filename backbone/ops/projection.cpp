#include "backbone/ops/projection.h"

#include <ATen/ATen.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/flops.h"
#include "backbone/ops/kernel_tensors.h"
#include "backbone/ops/linear.h"

namespace hyena::backbone {
namespace {

void count(const at::Tensor& x, const at::Tensor& weight) {
  count_flops("linear", 2.0 * static_cast<double>(x.numel()) * static_cast<double>(weight.size(0)));
}

bool positions_are_neighbours(const at::Tensor& x) {
  return on_kernels(x) && on_gpu(x);
}

}  // namespace

at::Tensor project_to_signal(const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias) {
  count(x, weight);
  if (!positions_are_neighbours(x)) return linear(x, weight, bias).transpose(1, 2);
  const auto tokens = x.flatten(0, 1).t();  // (in, B·L)
  const auto y =
      bias.defined() ? at::addmm(bias.unsqueeze(1), weight, tokens) : at::mm(weight, tokens);
  return y.unflatten(1, {x.size(0), x.size(1)}).transpose(0, 1);
}

at::Tensor project_to_tokens(const at::Tensor& y, const at::Tensor& weight,
                             const at::Tensor& bias) {
  count(y, weight);
  if (!positions_are_neighbours(y)) return linear(y.transpose(1, 2), weight, bias);
  // As a matrix: at::linear would copy three dimensions that do not lie one in the other.
  const auto tokens = y.transpose(0, 1).flatten(1, 2).t();  // (B·L, in)
  return at::linear(tokens, weight, bias).unflatten(0, {y.size(0), y.size(2)});
}

}  // namespace hyena::backbone
