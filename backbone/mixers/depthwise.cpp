#include "backbone/mixers/depthwise.h"

#include <cmath>
#include <string>

#include <ATen/ATen.h>

#include "backbone/mixers/kinds.h"

namespace hyena::backbone {
namespace {

/// Checks what both mixers need and returns the kernel size.
std::int64_t checked_kernel(const char* mixer, const MixerContext& context, std::int64_t kernel) {
  if (context.grid.prefix > 0) {
    throw OptionError(std::string(mixer) + ": class and register tokens have no place on the " +
                      "picture; use pool avg without them, or another mixer");
  }
  if (kernel % 2 == 0) {
    throw OptionError(std::string(mixer) + ": kernel_size must be odd, got " +
                      std::to_string(kernel));
  }
  return kernel;
}

ConvOptions depthwise(std::int64_t channels, std::int64_t kernel, bool bias) {
  return {.kernel = kernel, .padding = kernel / 2, .groups = channels, .bias = bias};
}

/// (B, L, D) ⇄ (B, D, H, W), views both.
at::Tensor as_map(const at::Tensor& x, const TokenGrid& grid) {
  return x.unflatten(1, {grid.height, grid.width}).permute({0, 3, 1, 2});
}
at::Tensor as_tokens(const at::Tensor& map) {
  return map.flatten(2).transpose(1, 2);
}

}  // namespace

DepthwiseConv::DepthwiseConv(const MixerContext& context, const DepthwiseConvOptions& options)
    : dwconv_(make_child<Conv2d>(
          "dwconv", context.d_model, context.d_model,
          depthwise(context.d_model, checked_kernel("conv7x7", context, options.kernel_size),
                    options.bias))) {}

at::Tensor DepthwiseConv::forward(const at::Tensor& x, const TokenGrid& grid) {
  return as_tokens(dwconv_.forward(as_map(x, grid)));
}

SepConv::SepConv(const MixerContext& context, const SepConvOptions& options)
    : width_(static_cast<std::int64_t>(options.expansion_ratio *
                                       static_cast<double>(context.d_model))),
      pwconv1_(make_child<Linear>("pwconv1", context.d_model, width_, options.bias)),
      act_scale_(add_parameter("act1.scale", at::ones({1}))),
      act_bias_(add_parameter("act1.bias", at::zeros({1}))),
      dwconv_(make_child<Conv2d>(
          "dwconv", width_, width_,
          depthwise(width_, checked_kernel("sep_conv", context, options.kernel_size),
                    options.bias))),
      pwconv2_(make_child<Linear>("pwconv2", width_, context.d_model, options.bias)) {}

at::Tensor SepConv::forward(const at::Tensor& x, const TokenGrid& grid) {
  const auto wide = star_relu(pwconv1_.forward(x), act_scale_, act_bias_);
  return pwconv2_.forward(as_tokens(dwconv_.forward(as_map(wide, grid))));
}

MixerEntry conv7x7_mixer() {
  return {.name = "conv7x7",
          .summary = "one depthwise 7x7 convolution, the local control",
          .key = "mixer",
          .options = default_options<DepthwiseConvOptions>,
          .make = [](const MixerContext& context, const nlohmann::json& options) {
            return std::make_unique<DepthwiseConv>(
                context, options_of<DepthwiseConvOptions>(options, "mixer conv7x7"));
          }};
}

MixerEntry sep_conv_mixer() {
  return {.name = "sep_conv",
          .summary = "inverted separable convolution of ConvFormer",
          .key = "mixer",
          .options = default_options<SepConvOptions>,
          .make = [](const MixerContext& context, const nlohmann::json& options) {
            return std::make_unique<SepConv>(context,
                                             options_of<SepConvOptions>(options, "mixer sep_conv"));
          }};
}

}  // namespace hyena::backbone
