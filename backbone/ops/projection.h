#pragma once

#include <ATen/core/Tensor.h>

/// Linear maps between tokens, (B, L, channels), and signals, (B, channels, L), such that the
/// convolutions on the signals' device read and write them as they lie, forward and backward:
///   on the CPU channels are neighbours: a signal is a view of tokens;
///   on our GPU kernels positions are: the product is W xᵀ of all tokens at once, (channels, B·L),
///   which keeps it one product with any batch, and a signal is a view of that.
/// weight (out, in), bias (out) or undefined. Both count the FLOPs of a Linear.
namespace hyena::backbone {

/// x (B, L, in) → (B, out, L).
at::Tensor project_to_signal(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// y (B, in, L) → (B, L, out). Copies where `y` lies otherwise than above.
at::Tensor project_to_tokens(const at::Tensor& y, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace hyena::backbone
