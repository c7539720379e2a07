#include "backbone/vision_model.h"

#include <ATen/ATen.h>

namespace hyena::backbone {
namespace {

/// Where and in which type the model's weights are.
at::TensorOptions options_of_weights(const Module& model) {
  const auto parameters = model.parameters();
  return parameters.empty() ? at::TensorOptions() : parameters.front().tensor.options();
}

}  // namespace

void VisionModel::reset_head(std::int64_t) {
  throw OptionError("this model has no classifier to replace");
}

void VisionModel::set_img_size(std::int64_t) {
  throw OptionError("this model cannot be fitted to another input size");
}

std::string VisionModel::describe_input(std::int64_t size) const {
  return "a picture of " + std::to_string(size) + " x " + std::to_string(size) + " pixels";
}

void VisionModel::run_blank(std::int64_t size) {
  forward(at::zeros({1, info().in_chans, size, size}, options_of_weights(*this)));
}

}  // namespace hyena::backbone
