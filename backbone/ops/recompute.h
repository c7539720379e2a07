#pragma once

#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

using Segment = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

/// segment(inputs), keeping nothing of what happens inside for the backward pass: that runs the
/// segment again, with the same random numbers and the same autocast (activation checkpointing,
/// Chen et al. 2016). Memory for the inputs instead of all intermediate tensors, for one more
/// forward pass. Parameters that `segment` uses get their gradients too. At least one of the
/// inputs must require a gradient; else, or without gradients, the segment simply runs.
std::vector<at::Tensor> recomputed(const Segment& segment, const std::vector<at::Tensor>& inputs);

}  // namespace hyena::backbone
