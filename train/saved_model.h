#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "backbone/vision_model.h"
#include "train/preprocessing.h"

namespace hyena::train {

/// A checkpoint, ready to be shown pictures.
struct SavedModel {
  std::unique_ptr<backbone::VisionModel> model;
  backbone::ModelConfig config;
  Preprocessing preprocessing;
  nlohmann::json results;            ///< what the run wrote of itself: epoch, metrics
  std::vector<std::string> assumed;  ///< options of a foreign file that its tensors do not tell
};

/// Reads a checkpoint of ours, or one of a reference implementation, whose options are then
/// inferred from its tensors; `overrides` are options of the model's family. An img_size other than
/// the file's fits filters and position tables to it. Throws what backbone::load_model throws.
SavedModel open_saved_model(const std::filesystem::path& file, std::int64_t img_size = 0,
                            const nlohmann::json& overrides = nlohmann::json::object());

/// Writes a model with everything open_saved_model needs, whole or not at all.
void save_model_file(const std::filesystem::path& file, const backbone::VisionModel& model,
                     const backbone::ModelConfig& config, const Preprocessing& preprocessing,
                     const nlohmann::json& results);

}  // namespace hyena::train
