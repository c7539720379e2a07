#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/import.h"
#include "backbone/model.h"
#include "backbone/weight_source.h"

/// A model in one file: its weights, how to build it, and how to use it.
namespace hyena::backbone {

/// What a program needs to use a model, beside the model. Stored with the weights.
struct ModelNotes {
  std::vector<std::string> class_names;  ///< of the logits, in order; empty where unknown
  std::vector<double> mean, std;  ///< of each channel of pictures in [0, 1], for normalisation
  std::int64_t input_size = 0;  ///< side of the pictures it was evaluated with; 0: the model's own
  double crop_pct = 0;          ///< part of the resized picture that is kept; 0: not recorded
  nlohmann::json training = nlohmann::json::object();  ///< free summary: recipe, epochs, accuracy
  nlohmann::json tokenizer =
      {};  ///< of a language model, as the program that trained it wrote it; null
};

nlohmann::json notes_to_json(const ModelNotes& notes);

/// What a file says about its model, read without touching the weights.
struct ModelDescription {
  ModelConfig config;
  ModelNotes notes;
  bool recorded = false;             ///< from metadata; else inferred from keys and shapes
  std::vector<std::string> assumed;  ///< where inferred: what the shapes do not tell
};

/// The metadata key under which a file of ours describes its model, as JSON.
inline constexpr const char* kModelKey = "hyena.model";

/// Throws ImportError when the metadata is damaged, or there is none and the shapes fit no family;
/// for that case `img_size` as in infer_config().
ModelDescription describe_model(const WeightSource& file, std::int64_t img_size = 0);

/// Writes weights, configuration (with every default filled in, so that later defaults do not
/// change it) and notes, whole or not at all. A tensor with several names is stored once, under its
/// own. Throws OptionError for a configuration that no model has, std::runtime_error when the disk
/// refuses.
/// `weights`: the type for floating-point parameters; buffers and the positions of long filters,
/// which few digits would make equal, stay what they are.
void save_model(const std::filesystem::path& path, const Module& model, const ModelConfig& config,
                const ModelNotes& notes = {}, std::optional<at::ScalarType> weights = {});

template <class M = Model>
struct LoadedModel {
  std::unique_ptr<M> model;
  ModelDescription description;  ///< config with the overrides applied
  ImportReport report;
};

/// Builds the model that a file describes and loads its weights, all of them. `overrides` are
/// options of the family to change or, for a file without metadata, to say what shapes cannot
/// (heads of an attention, say); those of the mixer may stand beside them. `path` as for
/// open_weights(). Throws what that throws, ImportError, OptionError.
LoadedModel<> load_model(const std::filesystem::path& path,
                         const nlohmann::json& overrides = nlohmann::json::object());

/// The same where only one kind of model will do: load_model<VisionModel>(path). Throws OptionError
/// that says what the file holds instead.
template <class M>
LoadedModel<M> load_model(const std::filesystem::path& path,
                          const nlohmann::json& overrides = nlohmann::json::object()) {
  auto any = load_model(path, overrides);
  return {.model = expect_kind<M>(std::move(any.model), path.string()),
          .description = std::move(any.description),
          .report = std::move(any.report)};
}

}  // namespace hyena::backbone
