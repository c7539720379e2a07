#pragma once

#include <c10/core/Device.h>

#include "backbone/model.h"
#include "train/utilisation_text.h"

namespace hyena::train {

/// FLOPs of the forward pass for one input of the model's own size (see FlopCounter).
double forward_flops(backbone::Model& model);

/// What a large matrix product reaches on the device right now, with the threads in use, in FLOP/s:
/// the yardstick of utilisation on a machine whose data sheet nobody knows. bfloat16 when `amp`.
/// Takes about a tenth of a second.
double measured_matmul_flops(c10::Device device, bool amp);

}  // namespace hyena::train
