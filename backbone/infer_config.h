#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/tensor_entry.h"

/// What a file of weights says about the model that they belong to. Without LibTorch.
namespace hyena::backbone {

/// `key` and what remains of it step by step without the wrappers that training programs put
/// around a model: "module.", "model.", "_orig_mod.", "state_dict.", "state_dict_ema." in front,
/// and the ".layer" that activation checkpointing inserts behind "mixer" and "mlp".
std::vector<std::string> key_candidates(std::string_view key);

struct InferredConfig {
  std::string family;      ///< as in the registry of model families
  nlohmann::json options;  ///< of the family, "mixer" and "mixer_options" included
  /// What neither keys nor shapes can tell and what was taken for it, one line each.
  std::vector<std::string> assumed;
};

/// Recognises the families by their keys (timm's VisionTransformer and our isotropic models:
/// "vit"; safari's VisionTransformer: "safari_vit"; HyenaPixel's MetaFormer: "metaformer") and
/// reads widths, depths, patch and input size, mixers and their settings from the shapes. Nothing
/// when no family fits. `img_size` is the side of the pictures where somebody knows it, 0
/// otherwise: a model without a position table does not say.
std::optional<InferredConfig> infer_config(std::span<const TensorEntry> tensors,
                                           std::int64_t img_size = 0);

}  // namespace hyena::backbone
