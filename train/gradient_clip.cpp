#include "train/gradient_clip.h"

#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "backbone/options.h"

namespace hyena::train {
namespace {

at::Tensor unit_norm(const at::Tensor& x) {
  if (x.dim() <= 1) return at::linalg_vector_norm(x, 2);
  std::vector<std::int64_t> dims(static_cast<std::size_t>(x.dim() - 1));
  std::iota(dims.begin(), dims.end(), 1);
  return at::linalg_vector_norm(x, 2, dims, /*keepdim=*/true);
}

}  // namespace

at::Tensor global_norm(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_grad;
  if (tensors.empty()) return at::zeros({});
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(tensors, 2)), 2);
}

at::Tensor clip_by_norm(const std::vector<at::Tensor>& gradients, double max_norm) {
  const at::NoGradGuard no_grad;
  const at::Tensor norm = global_norm(gradients);
  if (!gradients.empty()) {
    at::_foreach_mul_(gradients, (norm + 1e-6).reciprocal_().mul_(max_norm).clamp_max_(1));
  }
  return norm;
}

void clip_by_value(const std::vector<at::Tensor>& gradients, double limit) {
  const at::NoGradGuard no_grad;
  if (gradients.empty()) return;
  at::_foreach_clamp_min_(gradients, -limit);
  at::_foreach_clamp_max_(gradients, limit);
}

void clip_adaptively(const std::vector<at::Tensor>& parameters, double factor, double eps) {
  const at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters) {
    const at::Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    const at::Tensor limit = unit_norm(parameter).clamp_min_(eps).mul_(factor);
    const at::Tensor norm = unit_norm(gradient);
    gradient.copy_(at::where(norm < limit, gradient, gradient * (limit / norm.clamp_min(1e-6))));
  }
}

at::Tensor clip_gradients(const std::vector<backbone::NamedTensor>& parameters,
                          const ClipOptions& options) {
  std::vector<at::Tensor> gradients;
  std::vector<at::Tensor> trunk;
  for (const backbone::NamedTensor& parameter : parameters) {
    if (!parameter.tensor.grad().defined()) continue;
    gradients.push_back(parameter.tensor.grad());
    if (parameter.name != "head" && !parameter.name.starts_with("head.")) {
      trunk.push_back(parameter.tensor);
    }
  }
  if (options.clip_grad <= 0) return global_norm(gradients);
  if (options.clip_mode == "norm") return clip_by_norm(gradients, options.clip_grad);
  const at::Tensor norm = global_norm(gradients);
  if (options.clip_mode == "value") {
    clip_by_value(gradients, options.clip_grad);
  } else if (options.clip_mode == "agc") {
    clip_adaptively(trunk, options.clip_grad);
  } else {
    throw backbone::OptionError("clip_mode must be one of norm, value, agc, got '" +
                                options.clip_mode + "'");
  }
  return norm;
}

}  // namespace hyena::train
