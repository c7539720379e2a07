#include "train/saved_model.h"

#include "backbone/checkpoint.h"
#include "backbone/options.h"

namespace hyena::train {
using nlohmann::json;

void save_model_file(const std::filesystem::path& file, const backbone::VisionModel& model,
                     const backbone::ModelConfig& config, const Preprocessing& preprocessing,
                     const json& results) {
  backbone::ModelNotes notes;
  notes.class_names = preprocessing.class_names;
  notes.mean = preprocessing.mean;
  notes.std = preprocessing.std;
  notes.input_size = preprocessing.img_size;
  notes.crop_pct = preprocessing.crop_pct;
  notes.training = results;
  notes.training["preprocessing"] = backbone::json_of(preprocessing);
  backbone::save_model(file, model, config, notes);
}

SavedModel open_saved_model(const std::filesystem::path& file, std::int64_t img_size,
                            const json& overrides) {
  auto loaded = backbone::load_model<backbone::VisionModel>(file, overrides);
  SavedModel saved;
  saved.model = std::move(loaded.model);
  saved.config = loaded.description.config;
  saved.assumed = loaded.description.assumed;
  const auto& notes = loaded.description.notes;
  saved.results = notes.training;
  json pre = saved.results.value("preprocessing", json());
  saved.results.erase("preprocessing");
  if (pre.is_null() && !notes.mean.empty()) {
    pre = {{"mean", notes.mean}, {"std", notes.std}, {"class_names", notes.class_names}};
    if (notes.crop_pct > 0) pre["crop_pct"] = notes.crop_pct;
  }
  saved.preprocessing = preprocessing_of(pre, saved.model->info());
  if (img_size > 0 && img_size != saved.model->info().img_size) {
    saved.model->set_img_size(img_size);
    saved.config.options["img_size"] = img_size;
    saved.preprocessing.img_size = img_size;
  }
  return saved;
}

}  // namespace hyena::train
