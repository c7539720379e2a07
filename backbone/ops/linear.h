#pragma once

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

/// y = x Wᵀ + b over the last dimension, as at::linear: x (…, in), weight (out, in), bias (out) or
/// undefined → (…, out). Differentiable.
///
/// LibTorch multiplies float32 matrices with MKL, which keeps its AVX-512 code for Intel's
/// processors. On others that have AVX-512 this takes the oneDNN inside LibTorch instead, where the
/// product is large enough to pay for its set-up.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// Whether linear() takes oneDNN for large float32 products on this machine.
bool linear_on_onednn();

}  // namespace hyena::backbone
