#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/vision_model.h"
#include "train/losses.h"
#include "train/method_options.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace hyena::train {

/// One optimiser update after another, whatever the batches come from: forward, backward, clipping,
/// rates of the schedule, step. Nothing here waits for the device.
class TrainStep {
 public:
  TrainStep(backbone::VisionModel& model, Optimizer& optimizer, const Schedule& schedule, Loss loss,
            const ClipOptions& clip, bool amp = false);

  struct Forward {
    at::Tensor loss;    ///< (), before the division by `share`
    at::Tensor logits;  ///< (B, classes), without graph
  };
  /// Adds the gradients of one micro-batch: images (B, C, H, W) on the model's device, targets as
  /// the loss takes them. `share` is this micro-batch's part of the update, 1/grad_accum.
  Forward accumulate(const at::Tensor& images, const at::Tensor& targets, double share = 1);

  /// Clips, sets the rates of time t (in the schedule's unit), steps, drops the gradients. Returns
  /// the global norm of the gradients before clipping, () on the device.
  at::Tensor update(double t);

 private:
  backbone::VisionModel& model_;
  Optimizer& optimizer_;
  const Schedule& schedule_;
  Loss loss_;
  ClipOptions clip_;
  bool amp_;
  std::vector<backbone::NamedTensor> parameters_;
};

}  // namespace hyena::train
