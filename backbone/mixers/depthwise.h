#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/layers.h"
#include "backbone/mixer.h"

/// Mixers with short explicit filters over the picture, the convolutional controls.
namespace hyena::backbone {

struct DepthwiseConvOptions {
  std::int64_t kernel_size = 7;
  bool bias = true;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("kernel_size", kernel_size, {.help = "taps a side, odd", .unit = "tokens", .min = 1});
    v.field("bias", bias, {.help = "add a bias to each channel"});
  }
};

/// One depthwise K × K convolution with zeros outside, nothing else: the token mixer of ConvNeXt.
/// State: dwconv.{weight,bias}.
class DepthwiseConv final : public Mixer {
 public:
  /// Throws OptionError for an even kernel and for a grid with prefix tokens.
  DepthwiseConv(const MixerContext& context, const DepthwiseConvOptions& options);
  at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) override;

 private:
  Conv2d& dwconv_;
};

struct SepConvOptions {
  double expansion_ratio = 2;
  std::int64_t kernel_size = 7;
  bool bias = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("expansion_ratio", expansion_ratio,
            {.help = "width between the projections over d_model", .min = 0.01, .max = 64});
    v.field("kernel_size", kernel_size, {.help = "taps a side, odd", .unit = "tokens", .min = 1});
    v.field("bias", bias, {.help = "biases of the projections and of the convolution"});
  }
};

/// Inverted separable convolution, the mixer of ConvFormer (Yu et al. 2022):
///   y = pwconv2(dwconv(StarReLU(pwconv1(x))))
/// State: pwconv1, act1.{scale,bias}, dwconv, pwconv2.
class SepConv final : public Mixer {
 public:
  /// Throws OptionError for an even kernel and for a grid with prefix tokens.
  SepConv(const MixerContext& context, const SepConvOptions& options);
  at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) override;

 private:
  std::int64_t width_;
  Linear& pwconv1_;
  at::Tensor act_scale_, act_bias_;  ///< (1) each
  Conv2d& dwconv_;
  Linear& pwconv2_;
};

}  // namespace hyena::backbone
