#include "backbone/layers.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/flops.h"
#include "backbone/ops/linear.h"
#include "backbone/options.h"

namespace hyena::backbone {
namespace {

thread_local bool skip_initialisation = false;

}  // namespace

at::Tensor uniform(at::IntArrayRef shape, std::int64_t fan_in) {
  const double bound = fan_in > 0 ? 1.0 / std::sqrt(static_cast<double>(fan_in)) : 0.0;
  auto tensor = at::empty(shape);
  return skip_initialisation ? tensor : tensor.uniform_(-bound, bound);
}

UninitialisedWeights::UninitialisedWeights() : outer_(skip_initialisation) {
  skip_initialisation = true;
}
UninitialisedWeights::~UninitialisedWeights() {
  skip_initialisation = outer_;
}

void trunc_normal_(const at::Tensor& tensor, double std) {
  if (skip_initialisation) return;
  at::NoGradGuard no_grad;
  // Inverse of the normal distribution on a uniform draw between the two cuts, in double.
  const double cut = std::erf(2.0 / std / std::sqrt(2.0));
  auto draw = at::empty(tensor.sizes(), at::kDouble).uniform_(-cut, cut);
  tensor.copy_(draw.erfinv_().mul_(std * std::sqrt(2.0)).clamp_(-2.0, 2.0));
}

void normal_(const at::Tensor& tensor, double std) {
  if (skip_initialisation) return;
  const at::NoGradGuard no_grad;
  tensor.normal_(0, std);
}

Linear::Linear(std::int64_t in, std::int64_t out, bool with_bias)
    : weight(add_parameter("weight", uniform({out, in}, in))) {
  if (with_bias) bias = add_parameter("bias", uniform({out}, in));
}

at::Tensor Linear::forward(const at::Tensor& x) const {
  count_flops("linear", 2.0 * static_cast<double>(x.numel()) * static_cast<double>(weight.size(0)));
  return linear(x, weight, bias);
}

LayerNorm::LayerNorm(std::int64_t d_model, double eps, bool with_bias)
    : weight(add_parameter("weight", at::ones({d_model}))), eps_(eps) {
  if (with_bias) bias = add_parameter("bias", at::zeros({d_model}));
}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x, {weight.size(0)}, weight, bias, eps_);
}

Conv2d::Conv2d(std::int64_t in, std::int64_t out, const ConvOptions& options) : options_(options) {
  const std::int64_t fan_in = in / options.groups * options.kernel * options.kernel;
  weight = add_parameter(
      "weight", uniform({out, in / options.groups, options.kernel, options.kernel}, fan_in));
  if (options.bias) bias = add_parameter("bias", uniform({out}, fan_in));
}

at::Tensor Conv2d::forward(const at::Tensor& x) const {
  auto y = at::conv2d(x, weight, bias, options_.stride, options_.padding, 1, options_.groups);
  count_flops("conv", 2.0 * static_cast<double>(y.numel()) *
                          static_cast<double>(weight.numel() / weight.size(0)));
  return y;
}

BatchNorm2d::BatchNorm2d(std::int64_t channels, double eps, double momentum)
    : weight(add_parameter("weight", at::ones({channels}))),
      bias(add_parameter("bias", at::zeros({channels}))),
      running_mean(add_buffer("running_mean", at::zeros({channels}))),
      running_var(add_buffer("running_var", at::ones({channels}))),
      num_batches_tracked(add_buffer("num_batches_tracked", at::zeros({}, at::kLong))),
      eps_(eps),
      momentum_(momentum) {}

at::Tensor BatchNorm2d::forward(const at::Tensor& x) {
  if (is_training()) num_batches_tracked.add_(1);
  return at::batch_norm(x, weight, bias, running_mean, running_var, is_training(), momentum_, eps_,
                        /*cudnn_enabled=*/true);
}

at::Tensor dropout(const at::Tensor& x, double rate, bool training) {
  return rate > 0 && training ? at::dropout(x, rate, true) : x;
}

at::Tensor drop_path(const at::Tensor& x, double rate, bool training) {
  if (rate <= 0 || !training) return x;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return x * at::empty(shape, x.options()).bernoulli_(1 - rate).div_(1 - rate);
}

at::Tensor star_relu(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& bias) {
  return at::addcmul(bias, scale, at::relu(x).square());
}

at::Tensor activation(const at::Tensor& x, const std::string& name) {
  if (name == "id") return x;
  if (name == "relu") return at::relu(x);
  if (name == "gelu") return at::gelu(x);
  if (name == "gelu_tanh") return at::gelu(x, "tanh");
  if (name == "silu") return at::silu(x);
  if (name == "sin") return at::sin(x);
  throw OptionError("unknown activation '" + name +
                    "'; known: id, relu, gelu, gelu_tanh, silu, sin");
}

}  // namespace hyena::backbone
