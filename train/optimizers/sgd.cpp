#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>

#include "backbone/options.h"
#include "train/optimizers/settings.h"

/// Stochastic gradient descent with momentum, PyTorch's formula: the rate multiplies the buffer.
namespace hyena::train {
namespace {

class Sgd final : public Optimizer {
 public:
  Sgd(Groups groups, const OptimizerOptions& o)
      : Optimizer(std::move(groups),
                  o.momentum > 0 ? std::vector<Slot>{{"momentum_buffer"}} : std::vector<Slot>{}),
        momentum_(o.momentum),
        dampening_(o.dampening),
        nesterov_(o.nesterov && o.momentum > 0) {
    if (nesterov_ && dampening_ != 0) {
      throw backbone::OptionError(
          "optimizer: sgd with nesterov takes no dampening; set one to off");
    }
  }

 private:
  void update(Batch& b) override {
    std::vector<at::Tensor> gradients = b.gradients;
    if (b.weight_decay != 0) {
      gradients = at::_foreach_add(gradients, b.parameters, b.weight_decay);
    }
    if (momentum_ > 0) {
      const std::vector<at::Tensor>& buffers = b.slots[0];
      if (b.step == 1) {
        at::_foreach_copy_(buffers, gradients);
      } else {
        at::_foreach_mul_(buffers, momentum_);
        at::_foreach_add_(buffers, gradients, 1 - dampening_);
      }
      gradients = nesterov_ ? at::_foreach_add(gradients, buffers, momentum_) : buffers;
    }
    at::_foreach_add_(b.parameters, gradients, -b.lr);
  }

  double momentum_, dampening_;
  bool nesterov_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<Sgd>(std::move(groups), options);
}

}  // namespace hyena::train
