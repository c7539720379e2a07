#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include "train/gradient_clip.h"
#include "train/optimizers/settings.h"

/// LAMB: Adam's direction, scaled tensor by tensor to the weights' norm (You et al. 2020, "Large
/// batch optimization for deep learning").
namespace hyena::train {
namespace {

/// m and v after this step's gradients.
void average(std::vector<at::Tensor>& m, std::vector<at::Tensor>& v,
             const std::vector<at::Tensor>& gradients, double beta1, double beta2, double weight) {
  at::_foreach_mul_(m, beta1);
  at::_foreach_add_(m, gradients, weight);
  at::_foreach_mul_(v, beta2);
  at::_foreach_addcmul_(v, gradients, gradients, 1 - beta2);
}

at::Tensor norms(const std::vector<at::Tensor>& tensors) {
  return at::stack(at::_foreach_norm(tensors, 2));
}

/// NVIDIA's and timm's form: bias correction, its own clipping by global norm, no trust ratio for
/// parameters without decay.
class Lamb final : public Optimizer {
 public:
  Lamb(Groups groups, const OptimizerOptions& options)
      : Optimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
        betas_(betas_or(options, 0.9, 0.999)),
        eps_(eps_or(options, 1e-6)),
        options_(options) {}

 private:
  void prepare(const std::vector<at::Tensor>& gradients) override {
    if (options_.max_grad_norm > 0) {
      excess_ = (global_norm(gradients) / options_.max_grad_norm).clamp_min_(1);
    }
  }

  void update(Batch& b) override {
    const auto [beta1, beta2] = betas_;
    const auto step = static_cast<double>(b.step);
    const bool corrected = options_.bias_correction;
    const auto gradients =
        options_.max_grad_norm > 0 ? at::_foreach_div(b.gradients, excess_) : b.gradients;
    average(b.slots[0], b.slots[1], gradients, beta1, beta2,
            options_.grad_averaging ? 1 - beta1 : 1.0);

    const auto denominator = at::_foreach_sqrt(b.slots[1]);
    at::_foreach_div_(denominator, corrected ? std::sqrt(1 - std::pow(beta2, step)) : 1.0);
    at::_foreach_add_(denominator, eps_);
    auto direction = at::_foreach_div(b.slots[0], corrected ? 1 - std::pow(beta1, step) : 1.0);
    at::_foreach_div_(direction, denominator);
    if (b.weight_decay != 0) at::_foreach_add_(direction, b.parameters, b.weight_decay);
    if (b.weight_decay != 0 || options_.always_adapt) {
      const auto weights = norms(b.parameters);
      const auto steps = norms(direction);
      auto trust =
          at::where((weights > 0).logical_and_(steps > 0), weights / steps, at::ones_like(weights));
      if (options_.trust_clip) trust.clamp_max_(1);
      at::_foreach_mul_(direction, trust.unbind());
    }
    at::_foreach_add_(b.parameters, direction, -b.lr);
  }

  std::pair<double, double> betas_;
  double eps_;
  OptimizerOptions options_;
  at::Tensor excess_;  ///< () how far the global norm lies above the limit, at least 1
};

/// safari's form, after the paper's first version: no bias correction, no clipping, the weights'
/// norm counted up to 10, eps also under the trust ratio, rate times trust ratio rounded to
/// float32.
class SafariLamb final : public Optimizer {
 public:
  SafariLamb(Groups groups, const OptimizerOptions& options)
      : Optimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
        betas_(betas_or(options, 0.9, 0.999)),
        eps_(eps_or(options, 1e-6)) {}

 private:
  void update(Batch& b) override {
    const auto [beta1, beta2] = betas_;
    average(b.slots[0], b.slots[1], b.gradients, beta1, beta2, 1 - beta1);
    const auto denominator = at::_foreach_sqrt(b.slots[1]);
    at::_foreach_add_(denominator, eps_);
    auto direction = at::_foreach_div(b.slots[0], denominator);
    at::_foreach_add_(direction, b.parameters, b.weight_decay);

    const auto weights = norms(b.parameters).clamp_(0, 10);
    const auto steps = norms(direction);
    const auto trust = at::where((weights != 0).logical_and_(steps != 0), weights / (steps + eps_),
                                 at::ones_like(weights));
    const auto factor = trust.to(at::kFloat).mul_(-b.lr).to(weights.scalar_type());
    at::_foreach_mul_(direction, factor.unbind());
    at::_foreach_add_(b.parameters, direction);
  }

  std::pair<double, double> betas_;
  double eps_;
};

}  // namespace

std::unique_ptr<Optimizer> make_lamb(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<Lamb>(std::move(groups), options);
}
std::unique_ptr<Optimizer> make_safari_lamb(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<SafariLamb>(std::move(groups), options);
}

}  // namespace hyena::train
