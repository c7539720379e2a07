#include "train/model_list.h"

#include "backbone/layers.h"
#include "backbone/mixer.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/options.h"
#include "backbone/vision_model.h"
#include "train/utilisation.h"

namespace hyena::train {

std::vector<ModelSummary> list_models(const std::string& filter, std::int64_t img_size,
                                      bool flops) {
  const backbone::UninitialisedWeights no_weights;  // only shapes count here
  std::vector<ModelSummary> out;
  for (const auto& entry : backbone::model_registry()) {
    if (entry.name.find(filter) == std::string::npos) continue;
    ModelSummary summary;
    summary.name = entry.name;
    summary.family = entry.family;
    summary.summary = entry.summary;
    backbone::ModelConfig config{.name = entry.name, .options = nlohmann::json::object()};
    if (img_size > 0 && backbone::find_family(entry.family).kind == backbone::VisionModel::kKind)
      config.options["img_size"] = img_size;
    try {
      const auto options = backbone::resolved_options(config);
      if (options.contains("mixer") && options["mixer"].is_string())
        summary.mixer = options["mixer"];
      const auto model = backbone::make_model(config);
      summary.input_size = model->input_size();
      summary.kind = model->kind();
      summary.parameters = model->parameter_count();
      if (flops) summary.flops = forward_flops(*model);
    } catch (const backbone::OptionError& error) {
      summary.error = error.what();
    }
    out.push_back(std::move(summary));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> list_mixers() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& entry : backbone::mixer_registry()) out.emplace_back(entry.name, entry.summary);
  return out;
}

}  // namespace hyena::train
