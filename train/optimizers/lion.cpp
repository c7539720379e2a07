#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sign.h>

#include "train/optimizers/settings.h"

/// Lion: the sign of an interpolated momentum (Chen et al. 2023, "Symbolic discovery of
/// optimization algorithms").
namespace hyena::train {
namespace {

class Lion final : public Optimizer {
 public:
  Lion(Groups groups, const OptimizerOptions& options)
      : Optimizer(std::move(groups), {{"exp_avg"}}), betas_(betas_or(options, 0.9, 0.99)) {}

 private:
  void update(Batch& b) override {
    at::_foreach_mul_(b.parameters, 1 - b.lr * b.weight_decay);
    const auto direction = at::_foreach_lerp(b.slots[0], b.gradients, 1 - betas_.first);
    at::_foreach_sign_(direction);
    at::_foreach_add_(b.parameters, direction, -b.lr);
    at::_foreach_lerp_(b.slots[0], b.gradients, 1 - betas_.second);
  }

  std::pair<double, double> betas_;
};

}  // namespace

std::unique_ptr<Optimizer> make_lion(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<Lion>(std::move(groups), options);
}

}  // namespace hyena::train
