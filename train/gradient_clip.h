#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/module.h"
#include "train/method_options.h"

/// Limits on gradients. Nothing here waits for the device: norms come back as tensors.
namespace hyena::train {

/// L2 norm over all elements of all tensors, () in the first one's dtype; a float 0 for none.
at::Tensor global_norm(const std::vector<at::Tensor>& tensors);

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), as PyTorch's clip_grad_norm_. Returns
/// the norm before.
at::Tensor clip_by_norm(const std::vector<at::Tensor>& gradients, double max_norm);

/// Cuts every element to [-limit, limit].
void clip_by_value(const std::vector<at::Tensor>& gradients, double limit);

/// Adaptive gradient clipping (Brock et al. 2021): each unit's gradient norm is kept below `factor`
/// times the unit's weight norm, counted as at least `eps`. A unit is a row along dimension 0, or a
/// whole tensor of at most one dimension. `parameters` with their gradients; those without are
/// left.
void clip_adaptively(const std::vector<at::Tensor>& parameters, double factor, double eps = 1e-3);

/// What options ask for, or nothing when clip_grad is 0; agc leaves the classifier (names "head"
/// and "head.…") alone, as its paper does. Returns the global norm before clipping, () on the
/// device.
at::Tensor clip_gradients(const std::vector<backbone::NamedTensor>& parameters,
                          const ClipOptions& options);

}  // namespace hyena::train
