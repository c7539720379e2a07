#include "backbone/models/stem.h"

#include <utility>

#include <ATen/ATen.h>

#include "backbone/options.h"

namespace hyena::backbone {

PatchStem::PatchStem(std::int64_t in_chans, std::int64_t d_model, std::int64_t patch, bool bias)
    : proj_(make_child<Conv2d>("proj", in_chans, d_model,
                               ConvOptions{.kernel = patch, .stride = patch, .bias = bias})) {}

at::Tensor PatchStem::forward(const at::Tensor& images) {
  return proj_.forward(images);
}

ConvStem::ConvStem(std::int64_t in_chans, std::int64_t d_model, std::int64_t patch, std::string act)
    : act_(std::move(act)) {
  if (patch < 2 || (patch & (patch - 1)) != 0) {
    throw OptionError("stem conv: patch must be a power of two from 2, got " +
                      std::to_string(patch));
  }
  if (d_model % (patch / 2) != 0) {
    throw OptionError("stem conv: dim must be a multiple of patch / 2 = " +
                      std::to_string(patch / 2) + ", got " + std::to_string(d_model));
  }
  std::int64_t in = in_chans;
  for (std::int64_t out = d_model / (patch / 2); out <= d_model; out *= 2) {
    const std::string index = std::to_string(stages_.size());
    auto& conv =
        make_child<Conv2d>(index + ".conv", in, out,
                           ConvOptions{.kernel = 3, .stride = 2, .padding = 1, .bias = false});
    stages_.push_back({.conv = &conv, .norm = &make_child<BatchNorm2d>(index + ".norm", out)});
    in = out;
  }
}

at::Tensor ConvStem::forward(const at::Tensor& images) {
  at::Tensor x = images;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (i > 0) x = activation(x, act_);
    x = stages_[i].norm->forward(stages_[i].conv->forward(x));
  }
  return x;
}

at::Tensor tokens_of(const at::Tensor& map) {
  return map.flatten(2).transpose(1, 2).contiguous();
}

TokenGrid patch_grid(const char* model, const at::Tensor& images, std::int64_t in_chans,
                     std::int64_t patch, std::int64_t prefix) {
  if (images.dim() != 4 || images.size(1) != in_chans) {
    throw OptionError(std::string(model) + ": images must be (B, " + std::to_string(in_chans) +
                      ", H, W), got " + c10::str(images.sizes()));
  }
  const std::int64_t height = images.size(2), width = images.size(3);
  if (height % patch != 0 || width % patch != 0 || height == 0 || width == 0) {
    throw OptionError(std::string(model) + ": a picture of " + std::to_string(height) + "x" +
                      std::to_string(width) + " pixels cannot be cut into patches of " +
                      std::to_string(patch) + "; resize it, or build the model with another patch");
  }
  return {.height = height / patch, .width = width / patch, .prefix = prefix};
}

TokenGrid patch_grid(const char* model, std::int64_t img_size, std::int64_t patch,
                     std::int64_t prefix) {
  if (img_size % patch != 0) {
    throw OptionError(std::string(model) + ": patch " + std::to_string(patch) +
                      " does not divide img_size " + std::to_string(img_size));
  }
  return {.height = img_size / patch, .width = img_size / patch, .prefix = prefix};
}

}  // namespace hyena::backbone
