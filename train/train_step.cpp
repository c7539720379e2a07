#include "train/train_step.h"

#include <ATen/ATen.h>

#include "train/autocast.h"
#include "train/gradient_clip.h"

namespace hyena::train {

Updates::Updates(const backbone::Model& model, Optimizer& optimizer, const Schedule& schedule,
                 const ClipOptions& clip)
    : optimizer_(optimizer), schedule_(schedule), clip_(clip), parameters_(model.parameters()) {
  std::erase_if(parameters_, [](const auto& p) { return !p.tensor.requires_grad(); });
}

at::Tensor Updates::update(double t) {
  const auto norm = clip_gradients(parameters_, clip_);
  optimizer_.set_lrs(scheduled_lrs(schedule_, optimizer_.groups(), t));
  optimizer_.step();
  optimizer_.zero_grad();
  return norm;
}

Forward accumulate_gradients(backbone::VisionModel& model, const Loss& loss,
                             const at::Tensor& images, const at::Tensor& targets, double share,
                             bool amp) {
  at::Tensor logits;
  {
    const Autocast autocast(amp, images.device().type());
    logits = model.forward(images);
  }
  const auto value = loss(logits, targets);
  (share == 1 ? value : value * share).backward();
  return {.loss = value.detach(), .logits = logits.detach()};
}

}  // namespace hyena::train
