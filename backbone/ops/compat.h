#pragma once

#include <ATen/core/Tensor.h>

/// Defects of reference implementations, reproduced for parity with their outputs. Nothing uses
/// them unless an option named compat_… asks for it.
namespace hyena::backbone {

/// safari's `num_blocks` > 1: time is cut into blocks, and each is convolved on a circle of twice
/// the block's length with the full-length filter. Not causal inside a block, blind across blocks.
///   u (B, D, L) with L divisible by num_blocks, h (D, L), bias (D) → (B, D, L)
at::Tensor compat_blocked_fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                                  std::int64_t num_blocks);

/// hyena-dna's `bidirectional`: the signal is padded by L/2 on both sides before a causal filter on
/// a circle of 2L, and the first L outputs are taken: a filter delayed by L/2 plus wrap-around.
///   u (B, D, L), h (D, L), bias (D) → (B, D, L)
at::Tensor compat_hyenadna_bidirectional_fftconv(const at::Tensor& u, const at::Tensor& h,
                                                 const at::Tensor& bias);

}  // namespace hyena::backbone
