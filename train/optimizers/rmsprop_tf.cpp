#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>

#include "train/optimizers/settings.h"

/// RMSprop with TensorFlow's conventions, as timm's RMSpropTF: the average of g² starts at 1, eps
/// stands inside the root, and the momentum may hold steps already multiplied by the rate.
namespace hyena::train {
namespace {

class RmspropTf final : public Optimizer {
 public:
  RmspropTf(Groups groups, const OptimizerOptions& o)
      : Optimizer(std::move(groups), o.momentum > 0
                                         ? std::vector<Slot>{{"square_avg", 1}, {"momentum_buffer"}}
                                         : std::vector<Slot>{{"square_avg", 1}}),
        momentum_(o.momentum),
        alpha_(o.alpha),
        eps_(eps_or(o, 1e-10)),
        lr_in_momentum_(o.lr_in_momentum) {}

 private:
  void update(Batch& b) override {
    std::vector<at::Tensor> gradients = b.gradients;
    if (b.weight_decay != 0) {
      gradients = at::_foreach_add(gradients, b.parameters, b.weight_decay);
    }
    at::_foreach_lerp_(b.slots[0], at::_foreach_mul(gradients, gradients), 1 - alpha_);
    const auto root = at::_foreach_add(b.slots[0], eps_);
    at::_foreach_sqrt_(root);
    if (momentum_ > 0) {
      at::_foreach_mul_(b.slots[1], momentum_);
      at::_foreach_addcdiv_(b.slots[1], gradients, root, lr_in_momentum_ ? b.lr : 1.0);
      at::_foreach_add_(b.parameters, b.slots[1], lr_in_momentum_ ? -1.0 : -b.lr);
    } else {
      at::_foreach_addcdiv_(b.parameters, gradients, root, -b.lr);
    }
  }

  double momentum_, alpha_, eps_;
  bool lr_in_momentum_;
};

}  // namespace

std::unique_ptr<Optimizer> make_rmsprop_tf(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<RmspropTf>(std::move(groups), options);
}

}  // namespace hyena::train
