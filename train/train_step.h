#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/vision_model.h"
#include "train/losses.h"
#include "train/method_options.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace hyena::train {

/// The end of an optimiser update, whatever the gradients come from: clipping, rates of the
/// schedule, step. Nothing here waits for the device.
class Updates {
 public:
  Updates(const backbone::Model& model, Optimizer& optimizer, const Schedule& schedule,
          const ClipOptions& clip);

  /// Clips, sets the rates of time t (in the schedule's unit), steps, drops the gradients. Returns
  /// the global norm of the gradients before clipping, () on the device.
  at::Tensor update(double t);

 private:
  Optimizer& optimizer_;
  const Schedule& schedule_;
  ClipOptions clip_;
  std::vector<backbone::NamedTensor> parameters_;
};

/// What one micro-batch of pictures gave.
struct Forward {
  at::Tensor loss;    ///< (), before the multiplication by `share`
  at::Tensor logits;  ///< (B, classes), without graph
};

/// Adds the gradients of one micro-batch: images (B, C, H, W) on the model's device, targets as the
/// loss takes them. `share` is this micro-batch's part of the update, 1/grad_accum. With `amp` the
/// model runs under bfloat16 autocast.
Forward accumulate_gradients(backbone::VisionModel& model, const Loss& loss,
                             const at::Tensor& images, const at::Tensor& targets, double share = 1,
                             bool amp = false);

}  // namespace hyena::train
