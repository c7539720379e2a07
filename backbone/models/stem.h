#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/layers.h"
#include "backbone/mixer.h"
#include "backbone/module.h"

/// How an isotropic model turns a picture into tokens.
namespace hyena::backbone {

/// (B, in_chans, H, W) → (B, d_model, H/patch, W/patch).
class Stem : public Module {
 public:
  virtual at::Tensor forward(const at::Tensor& images) = 0;
};

/// Non-overlapping patches, one projection each: proj.{weight,bias}, timm's PatchEmbed.
class PatchStem final : public Stem {
 public:
  PatchStem(std::int64_t in_chans, std::int64_t d_model, std::int64_t patch, bool bias = true);
  at::Tensor forward(const at::Tensor& images) override;

 private:
  Conv2d& proj_;
};

/// Convolutions 3×3 with stride 2 and batch norm, their widths doubling up to d_model (Xiao et al.
/// 2021). The activation stands between them, so that tokens can take either sign.
/// State: i.conv.weight, i.norm.*
class ConvStem final : public Stem {
 public:
  /// Throws OptionError when patch is no power of two from 2, or d_model is too small to halve.
  ConvStem(std::int64_t in_chans, std::int64_t d_model, std::int64_t patch, std::string act);
  at::Tensor forward(const at::Tensor& images) override;

 private:
  struct Stage {
    Conv2d* conv;
    BatchNorm2d* norm;
  };
  std::vector<Stage> stages_;
  std::string act_;
};

/// (B, D, H, W) → (B, H·W, D) in memory too: the residual stream keeps the layout it starts with,
/// and every layer behind reads rows of channels.
at::Tensor tokens_of(const at::Tensor& map);

/// The grid of tokens of a picture. `model` opens the messages. Throws OptionError when the picture
/// has another number of dimensions or channels, or sides that `patch` does not divide.
TokenGrid patch_grid(const char* model, const at::Tensor& images, std::int64_t in_chans,
                     std::int64_t patch, std::int64_t prefix);

/// The same for the square a model is built for.
TokenGrid patch_grid(const char* model, std::int64_t img_size, std::int64_t patch,
                     std::int64_t prefix);

}  // namespace hyena::backbone
