#include <cmath>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include "train/optimizers/settings.h"

/// AdamW whose step looks one average ahead (Nesterov), as timm's NAdamW (after MLCommons
/// AlgoPerf); another formula than PyTorch's NAdam.
namespace hyena::train {
namespace {

class NAdamW final : public Optimizer {
 public:
  NAdamW(Groups groups, const OptimizerOptions& options)
      : Optimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
        betas_(betas_or(options, 0.9, 0.999)),
        eps_(eps_or(options, 1e-8)) {}

 private:
  void update(Batch& b) override {
    const auto [beta1, beta2] = betas_;
    const auto step = static_cast<double>(b.step);
    at::_foreach_mul_(b.parameters, 1 - b.lr * b.weight_decay);
    at::_foreach_lerp_(b.slots[0], b.gradients, 1 - beta1);
    at::_foreach_mul_(b.slots[1], beta2);
    at::_foreach_addcmul_(b.slots[1], b.gradients, b.gradients, 1 - beta2);

    const auto ahead = at::_foreach_lerp(b.slots[0], b.gradients, 1 - beta1);
    const auto denominator = at::_foreach_sqrt(b.slots[1]);
    at::_foreach_div_(denominator, std::sqrt(1 - std::pow(beta2, step)));
    at::_foreach_add_(denominator, eps_);
    at::_foreach_addcdiv_(b.parameters, ahead, denominator, -b.lr / (1 - std::pow(beta1, step)));
  }

  std::pair<double, double> betas_;
  double eps_;
};

}  // namespace

std::unique_ptr<Optimizer> make_nadamw(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<NAdamW>(std::move(groups), options);
}

}  // namespace hyena::train
