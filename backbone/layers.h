#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/module.h"

/// The few standard layers the models are made of, with PyTorch's keys ("weight", "bias") and
/// PyTorch's default initialisation. Their arithmetic is LibTorch's; they count their FLOPs.
namespace hyena::backbone {

/// A new parameter, uniform in ±1/√fan_in: PyTorch's default for Linear and Conv, weight and bias.
at::Tensor uniform(at::IntArrayRef shape, std::int64_t fan_in);

/// In place: normal with `mean` 0 and `std`, cut at ±2 (absolute), as timm's trunc_normal_.
void trunc_normal_(const at::Tensor& tensor, double std);

/// In place: normal with `mean` 0 and `std`, from LibTorch's generator.
void normal_(const at::Tensor& tensor, double std);

/// While alive, layers built on this thread leave weights that would be drawn at random
/// uninitialised, so that even a large model is made in no time: for counting parameters, and for
/// models whose weights are read from a file at once.
class UninitialisedWeights {
 public:
  UninitialisedWeights();
  ~UninitialisedWeights();
  UninitialisedWeights(const UninitialisedWeights&) = delete;
  UninitialisedWeights& operator=(const UninitialisedWeights&) = delete;

 private:
  bool outer_;
};

/// y = x Wᵀ + b over the last dimension. x (…, in) → (…, out).
class Linear : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, bool bias = true);
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  ///< (out, in)
  at::Tensor bias;    ///< (out), undefined without bias
};

/// Normalisation over the last dimension, x (…, D) → (…, D), computed in float32 or better.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(std::int64_t d_model, double eps = 1e-5, bool bias = true);
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  ///< (D)
  at::Tensor bias;    ///< (D), undefined without bias

 private:
  double eps_;
};

struct ConvOptions {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
};

/// Convolution of pictures, (B, in, H, W) → (B, out, H', W').
class Conv2d : public Module {
 public:
  Conv2d(std::int64_t in, std::int64_t out, const ConvOptions& options);
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  ///< (out, in/groups, kernel, kernel)
  at::Tensor bias;    ///< (out), undefined without bias

 private:
  ConvOptions options_;
};

/// Batch normalisation of pictures with running statistics, (B, C, H, W) → the same.
class BatchNorm2d : public Module {
 public:
  explicit BatchNorm2d(std::int64_t channels, double eps = 1e-5, double momentum = 0.1);
  at::Tensor forward(const at::Tensor& x);

  at::Tensor weight, bias;               ///< (C)
  at::Tensor running_mean, running_var;  ///< (C) buffers
  at::Tensor num_batches_tracked;        ///< () int64 buffer

 private:
  double eps_, momentum_;
};

/// Zeroes elements with probability `rate` and scales the rest by 1/(1-rate); nothing unless
/// training.
at::Tensor dropout(const at::Tensor& x, double rate, bool training);

/// Stochastic depth: drops whole samples (dimension 0) of a residual branch with probability `rate`
/// and scales the rest by 1/(1-rate), as timm's DropPath.
at::Tensor drop_path(const at::Tensor& x, double rate, bool training);

/// scale · relu(x)² + bias with learned one-element scale and bias (StarReLU, Yu et al. 2022).
at::Tensor star_relu(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& bias);

/// "id", "relu", "gelu" (erf), "gelu_tanh", "silu", "sin". Throws OptionError for another name.
at::Tensor activation(const at::Tensor& x, const std::string& name);

}  // namespace hyena::backbone
