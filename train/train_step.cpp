#include "train/train_step.h"

#include <utility>

#include <ATen/ATen.h>

#include "train/autocast.h"
#include "train/gradient_clip.h"

namespace hyena::train {

TrainStep::TrainStep(backbone::VisionModel& model, Optimizer& optimizer, const Schedule& schedule,
                     Loss loss, const ClipOptions& clip, bool amp)
    : model_(model),
      optimizer_(optimizer),
      schedule_(schedule),
      loss_(std::move(loss)),
      clip_(clip),
      amp_(amp),
      parameters_(model.parameters()) {
  std::erase_if(parameters_, [](const auto& p) { return !p.tensor.requires_grad(); });
}

TrainStep::Forward TrainStep::accumulate(const at::Tensor& images, const at::Tensor& targets,
                                         double share) {
  at::Tensor logits;
  {
    const Autocast autocast(amp_, images.device().type());
    logits = model_.forward(images);
  }
  const auto loss = loss_(logits, targets);
  (share == 1 ? loss : loss * share).backward();
  return {.loss = loss.detach(), .logits = logits.detach()};
}

at::Tensor TrainStep::update(double t) {
  const auto norm = clip_gradients(parameters_, clip_);
  optimizer_.set_lrs(scheduled_lrs(schedule_, optimizer_.groups(), t));
  optimizer_.step();
  optimizer_.zero_grad();
  return norm;
}

}  // namespace hyena::train
