#pragma once

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

/// Depthwise convolution with few taps over positions.
///   causal:  y[b,c,t] = bias[c] + Σ_j weight[c,0,K−1−j] · x[b,c,t−j]        (tap K−1 is lag 0)
///   centred: y[b,c,t] = bias[c] + Σ_j weight[c,0,j] · x[b,c,t+j−(K−1)/2]    (K odd)
///   x (B, C, L), a transposed (B, L, C) view too; weight (C, 1, K); bias (C) or undefined
/// Returns (B, C, L) in the dtype of x (of autocast, when that is on). Differentiable.
/// Source: `short_filter` of safari (causal, padding K−1 and cropped) and HyenaPixel (padding K/2).
at::Tensor short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      bool causal);

/// Depthwise over maps, centred with padding K/2: x (B, C, H, W), weight (C, 1, K, K), bias (C).
at::Tensor short_conv2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// What the two ask of their arguments (throw c10::Error), the dtype they give, their FLOPs.
void check_short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      bool causal);
void check_short_conv2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
at::ScalarType short_conv_type(const at::Tensor& x);
void count_short_conv(const at::Tensor& x, const at::Tensor& weight);

}  // namespace hyena::backbone
