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

struct InferredConfig {
  std::string family;      ///< as in the registry of model families
  nlohmann::json options;  ///< of the family, "mixer" and "mixer_options" included
  /// What neither keys nor shapes can tell and what was taken for it, one line each.
  std::vector<std::string> assumed;
  std::vector<std::string> class_names = {};  ///< where the settings beside the weights tell them
  /// Why the model cannot be built although its family is known, e.g. a mixer that there is not
  /// yet; empty where it can.
  std::string refused = {};
};

/// What is known beside the tensors.
struct InferHints {
  /// Side of the pictures, 0 where nobody knows it: a model without a position table does not say.
  std::int64_t img_size = 0;
  /// Text of a JSON object with the model's settings, as safari, HyenaDNA and Hugging Face's port
  /// of it have them; empty where there is none. For what shapes do not tell; where it contradicts
  /// them the file is refused.
  std::string config = {};
  /// A language model's head has other numbers than its embedding.
  bool own_head = false;
};

/// Recognises the families by their keys (timm's VisionTransformer and our isotropic models:
/// "vit"; safari's VisionTransformer: "safari_vit"; HyenaPixel's MetaFormer: "metaformer"; safari's
/// language models and HyenaDNA: "causal_lm") and reads widths, depths, patch and input size,
/// mixers and their settings from the shapes. Nothing when no family fits.
std::optional<InferredConfig> infer_config(std::span<const TensorEntry> tensors,
                                           const InferHints& hints = {});

}  // namespace hyena::backbone
