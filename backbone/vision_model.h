#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "backbone/module.h"
#include "backbone/options.h"

namespace hyena::backbone {

/// What a program must know to feed a vision model and to read its output.
struct VisionInfo {
  std::int64_t in_chans = 3;
  std::int64_t img_size = 224;  ///< pixels, the square the model was built for
  std::int64_t num_classes = 1000;
  std::int64_t num_features = 0;  ///< width of the pooled embedding
  std::int64_t depth = 0;         ///< number of blocks, for layer decay
};

/// A picture classifier: features → pooled embedding → logits.
class VisionModel : public Module {
 public:
  virtual VisionInfo info() const = 0;

  /// images (B, in_chans, H, W), normalised floats → the family's feature map: (B, L, D) tokens or
  /// (B, H', W', D), after the final norm where the family norms before pooling.
  virtual at::Tensor forward_features(const at::Tensor& images) = 0;

  /// Pooled embedding (B, num_features), what the classifier sees.
  virtual at::Tensor pool(const at::Tensor& features) = 0;

  /// (B, num_features) → logits (B, num_classes).
  virtual at::Tensor head(const at::Tensor& pooled) = 0;

  at::Tensor forward(const at::Tensor& images) { return head(pool(forward_features(images))); }

  /// The depth a parameter belongs to, for layer decay: 0 for the stem and position tables, i + 1
  /// for block i, info().depth + 1 for what comes after the last block. The final norm counts with
  /// the last block, as in timm's group_matcher.
  virtual std::int64_t layer_of(const std::string& parameter) const = 0;

  /// Parameters that get no weight decay although they have two dimensions or more.
  virtual std::vector<std::string> no_weight_decay() const { return {}; }

  /// Gives the model a freshly initialised last layer for `num_classes` ≥ 1 classes, for
  /// fine-tuning on other data; the rest stays. Throws OptionError where the model cannot have one.
  virtual void reset_head(std::int64_t num_classes);

  /// Fits the model to squares of another side, before fine-tuning or evaluation there: position
  /// tables are resized, filters that were built for the whole picture are sampled anew. Without
  /// this call the filters keep their taps. Throws OptionError where the model cannot.
  virtual void set_img_size(std::int64_t img_size);
};

/// A model with everything needed to build it again; stored in a checkpoint's metadata.
struct ModelConfig {
  std::string name;  ///< a registry name, "hyena_vit_s_p16", or that of a family for a free form
  nlohmann::json options;  ///< options of the family that differ from the named model's; an object
};

/// One chassis with its options, e.g. "vit", "safari_vit", "metaformer".
struct ModelFamily {
  std::string name;
  std::function<std::unique_ptr<AnyOptions>()> options;  ///< at their defaults
  /// `options` holds the fields to change from their defaults; unknown ones are OptionErrors.
  std::function<std::unique_ptr<VisionModel>(const nlohmann::json& options)> make;
};

/// A named size of a family.
struct ModelEntry {
  std::string name;        ///< as in --model
  std::string family;      ///< of ModelFamily
  std::string summary;     ///< one line for `hyena models`
  nlohmann::json options;  ///< what the name fixes: family options that differ from the defaults
};

/// To add a model: one file that defines the family, one line for it in models/registry.cpp, one
/// line for each named size.
const std::vector<ModelFamily>& model_families();
const std::vector<ModelEntry>& model_registry();

/// Both throw OptionError that names the nearest name. find_model accepts a family's name too, as a
/// model with nothing fixed.
const ModelFamily& find_family(const std::string& name);
ModelEntry find_model(const std::string& name);

/// The full set of the family's options for `config`, defaults filled in: what a model card shows
/// and what a checkpoint stores.
nlohmann::json resolved_options(const ModelConfig& config);

/// Builds the model, freshly initialised from the global generator. Throws OptionError.
std::unique_ptr<VisionModel> make_model(const ModelConfig& config);

}  // namespace hyena::backbone
