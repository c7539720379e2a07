#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>

#include "train/optimizers/settings.h"

/// Adam (Kingma & Ba 2015) with L2 decay added to the gradient, and AdamW (Loshchilov & Hutter
/// 2019) with decay of the weights themselves. PyTorch's fused kernels: one pass over memory.
namespace hyena::train {
namespace {

class Adam final : public Optimizer {
 public:
  Adam(Groups groups, const OptimizerOptions& options, bool decoupled)
      : Optimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
        betas_(betas_or(options, 0.9, 0.999)),
        eps_(eps_or(options, 1e-8)),
        decoupled_(decoupled) {}

 private:
  void update(Batch& b) override {
    // The kernels read one step counter a parameter; they may be one and the same tensor.
    const auto count =
        at::full({}, static_cast<double>(b.step), b.parameters.front().options().dtype(at::kFloat));
    const std::vector<at::Tensor> steps(b.parameters.size(), count);
    const auto fused = decoupled_ ? static_cast<Kernel*>(at::_fused_adamw_)
                                  : static_cast<Kernel*>(at::_fused_adam_);
    fused(b.parameters, b.gradients, b.slots[0], b.slots[1], {}, steps, b.lr, betas_.first,
          betas_.second, b.weight_decay, eps_, /*amsgrad=*/false, /*maximize=*/false,
          /*grad_scale=*/{}, /*found_inf=*/{});
  }

  using Kernel = void(at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                      at::TensorList, at::TensorList, double, double, double, double, double, bool,
                      bool, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&);
  std::pair<double, double> betas_;
  double eps_;
  bool decoupled_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adamw(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<Adam>(std::move(groups), options, true);
}
std::unique_ptr<Optimizer> make_adam(Groups groups, const OptimizerOptions& options) {
  return std::make_unique<Adam>(std::move(groups), options, false);
}

}  // namespace hyena::train
