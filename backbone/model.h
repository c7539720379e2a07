#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/module.h"
#include "backbone/options.h"

/// What all models have in common, and the registry of their families and named sizes.
namespace hyena::backbone {

/// A whole network: a VisionModel or a LanguageModel.
class Model : public Module {
 public:
  /// "picture classifier", "language model": for messages.
  virtual std::string kind() const = 0;

  /// Number of blocks.
  virtual std::int64_t depth() const = 0;

  /// The size of an input the model was built for: the side of a picture in pixels, a number of
  /// tokens (at most 2048, even where it takes more: enough to count operations by).
  virtual std::int64_t input_size() const = 0;
  /// "a picture of 28 x 28 pixels", "a sequence of 256 tokens".
  virtual std::string describe_input(std::int64_t input_size) const = 0;
  /// One input of zeros of that size through the model: for counting what happens on the way.
  /// Throws OptionError when it cannot take that size.
  virtual void run_blank(std::int64_t input_size) = 0;

  /// The depth a parameter belongs to, for layer decay: 0 for what comes before the first block,
  /// i + 1 for block i, one more than the number of blocks for what comes behind the last. The
  /// final norm counts with the last block, as in timm's group_matcher.
  virtual std::int64_t layer_of(const std::string& parameter) const = 0;

  /// Parameters that get no weight decay although they have two dimensions or more.
  virtual std::vector<std::string> no_weight_decay() const { return {}; }
};

/// A model with everything needed to build it again; stored in a checkpoint's metadata.
struct ModelConfig {
  std::string name;  ///< a registry name, "hyena_vit_s_p16", or that of a family for a free form
  nlohmann::json options;  ///< options of the family that differ from the named model's; an object
};

/// One chassis with its options, e.g. "vit", "metaformer", "causal_lm".
struct ModelFamily {
  std::string name;
  std::string kind;                                      ///< as Model::kind()
  std::function<std::unique_ptr<AnyOptions>()> options;  ///< at their defaults
  /// `options` holds the fields to change from their defaults; unknown ones are OptionErrors.
  std::function<std::unique_ptr<Model>(const nlohmann::json& options)> make;
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
std::unique_ptr<Model> make_model(const ModelConfig& config);

/// `model` as an M; throws OptionError that says what `name` is instead.
template <class M>
std::unique_ptr<M> expect_kind(std::unique_ptr<Model> model, const std::string& name) {
  if (auto* wanted = dynamic_cast<M*>(model.get())) {
    model.release();
    return std::unique_ptr<M>(wanted);
  }
  throw OptionError(name + " is a " + model->kind() + ", and a " + M::kKind + " is wanted here");
}

/// The same where only one kind will do: make_model<VisionModel>(config).
template <class M>
std::unique_ptr<M> make_model(const ModelConfig& config) {
  return expect_kind<M>(make_model(config), "model " + config.name);
}

}  // namespace hyena::backbone
