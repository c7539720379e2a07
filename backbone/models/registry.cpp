#include "backbone/model.h"
#include "backbone/models/causal_lm.h"
#include "backbone/models/metaformer.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/models/named_models.h"
#include "backbone/models/safari_vit.h"
#include "backbone/models/vit.h"

namespace hyena::backbone {
namespace {

[[noreturn]] void throw_unknown(const char* what, const std::string& name,
                                const std::vector<std::string>& known) {
  const std::string near = nearest_name(name, known);
  throw OptionError(std::string("unknown ") + what + " '" + name + "'" +
                    (near.empty() ? "" : "; did you mean '" + near + "'?") +
                    " `hyena models` lists all");
}

}  // namespace

const std::vector<ModelFamily>& model_families() {
  static const std::vector<ModelFamily> families = {
      vit_family(),
      safari_vit_family(),
      metaformer_family(),
      causal_lm_family(),
  };
  return families;
}

const std::vector<ModelEntry>& model_registry() {
  static const std::vector<ModelEntry> models = named_models();
  return models;
}

const ModelFamily& find_family(const std::string& name) {
  std::vector<std::string> known;
  for (const ModelFamily& family : model_families()) {
    if (family.name == name) return family;
    known.push_back(family.name);
  }
  throw_unknown("model family", name, known);
}

ModelEntry find_model(const std::string& name) {
  std::vector<std::string> known;
  for (const ModelEntry& model : model_registry()) {
    if (model.name == name) return model;
    known.push_back(model.name);
  }
  for (const ModelFamily& family : model_families()) {
    if (family.name == name) {
      return {.name = name,
              .family = name,
              .summary = "free form of the family " + name,
              .options = nlohmann::json::object()};
    }
    known.push_back(family.name);
  }
  throw_unknown("model", name, known);
}

nlohmann::json resolved_options(const ModelConfig& config) {
  const ModelEntry model = find_model(config.name);
  const auto defaults = find_family(model.family).options();
  const auto changes = config.options.is_null() ? nlohmann::json::object() : config.options;
  return fill_defaults(*defaults, merge_family_options(model.options, changes),
                       "options of model " + config.name);
}

std::unique_ptr<Model> make_model(const ModelConfig& config) {
  return find_family(find_model(config.name).family).make(resolved_options(config));
}

}  // namespace hyena::backbone
