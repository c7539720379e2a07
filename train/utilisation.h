#pragma once

#include <cstdint>

#include <c10/core/Device.h>

#include "backbone/model.h"
#include "train/utilisation_text.h"

namespace hyena::train {

/// FLOPs of the forward pass for one input of `input_size`, 0: the model's own (see FlopCounter).
double forward_flops(backbone::Model& model, std::int64_t input_size = 0);

/// What a large matrix product reaches on the device right now, with the threads in use, in FLOP/s:
/// the yardstick of utilisation on a machine whose data sheet nobody knows. bfloat16 when `amp`.
/// Takes about a tenth of a second.
double measured_matmul_flops(c10::Device device, bool amp);

}  // namespace hyena::train
