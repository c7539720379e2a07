#pragma once

#include <memory>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include "inspect/probe/opened_subject.h"

/// Small models with random weights for the tests of probes.
namespace hyena::tests {

inline std::shared_ptr<inspect::OpenedSubject> small_model(const backbone::ModelConfig& config,
                                                           at::ScalarType dtype = at::kDouble) {
  at::manual_seed(11);
  auto model = backbone::make_model(config);
  {
    const at::NoGradGuard no_grad;
    // Nothing may be zero or one: biases, norms, heads.
    for (auto& parameter : model->parameters()) {
      if (parameter.tensor.requires_grad()) {
        parameter.tensor += 0.1 * at::randn_like(parameter.tensor);
      }
    }
  }
  model->to(dtype);
  auto out = std::make_shared<inspect::OpenedSubject>(std::move(model), config.name);
  out->config = config;
  out->preprocessing.mean = {0.5, 0.4, 0.3};
  out->preprocessing.std = {0.2, 0.3, 0.25};
  return out;
}

/// 12 × 12 pixels, 3 × 3 patches.
inline backbone::ModelConfig small_vit(
    const std::string& mixer, const nlohmann::json& mixer_options = nlohmann::json::object(),
    const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json options = {{"img_size", 12},   {"patch", 4},
                            {"dim", 8},         {"depth", 2},
                            {"num_classes", 5}, {"class_token", false},
                            {"pool", "avg"},    {"mixer", mixer},
                            {"stem", "patch"},  {"mixer_options", mixer_options}};
  options.update(more);
  return {.name = "vit", .options = options};
}

/// 16 tokens at most, 23 ids.
inline backbone::ModelConfig small_lm(
    const std::string& mixer, const nlohmann::json& mixer_options = nlohmann::json::object(),
    const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json options = {{"vocab_size", 23}, {"pad_vocab_size_multiple", 8},
                            {"d_model", 8},     {"n_layer", 2},
                            {"max_len", 16},    {"initializer_range", 0.3},
                            {"mixer", mixer},   {"mixer_options", mixer_options}};
  options.update(more);
  return {.name = "causal_lm", .options = options};
}

inline at::Tensor small_picture(at::ScalarType dtype = at::kDouble) {
  at::manual_seed(5);
  return at::randn({1, 3, 12, 12}, dtype);
}

inline at::Tensor small_text(std::int64_t length = 12) {
  at::manual_seed(6);
  return at::randint(23, {1, length}, at::kLong);
}

}  // namespace hyena::tests
