#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/checkpoint.h"
#include "backbone/language_model.h"
#include "backbone/vision_model.h"

namespace hyena::inspect {

/// The weights of one part of a model, blocks of a kind taken together: "blocks.*.mixer".
struct PartSize {
  std::string part;
  std::int64_t tensors = 0;
  std::int64_t elements = 0;
};

/// The floating-point operations of one input's forward pass, see backbone/ops/flops.h.
struct Compute {
  std::int64_t input_size = 0;  ///< see Model::input_size
  std::string input;            ///< "a picture of 28 x 28 pixels"
  double flops = 0;
  std::map<std::string, double> by_kind;
};

/// What there is to know about a model without training it.
struct ModelCard {
  std::string file;  ///< empty for a model that is in no file
  std::int64_t file_bytes = 0;

  std::string name, family;          ///< empty where the file's model is not one of ours
  bool recorded = false;             ///< from the file's metadata; else inferred from its shapes
  std::vector<std::string> assumed;  ///< options that neither says, see InferredConfig
  nlohmann::json options;            ///< all of them, defaults filled in; null where unknown
  /// All 0 where unknown, and for another kind of model.
  backbone::VisionInfo info{.in_chans = 0, .img_size = 0, .num_classes = 0};
  backbone::LanguageInfo language;  ///< likewise

  std::int64_t parameters = 0;  ///< elements that training may change; of an unknown model, all
  std::int64_t buffers = 0;     ///< elements that belong to the state but are not parameters
  std::int64_t frozen = 0;      ///< of the parameters, those that this model does not train
  std::vector<PartSize> parts;
  std::map<std::string, std::int64_t> dtypes;  ///< elements by type, as stored

  double weight_bytes = 0;  ///< as stored
  /// float32 weights and buffers, gradients, and the two moments of AdamW; no activations.
  double training_bytes = 0;
  Compute compute;  ///< flops 0 where the model could not be built

  backbone::ModelNotes notes;
  std::map<std::string, std::string> metadata;  ///< of the file, without our own record
  std::vector<std::string> problems;            ///< why something above is missing, one line each
};

/// "blocks.*.mixer" for "blocks.3.mixer.in_proj.weight", "head" for "head.fc1.weight".
std::string part_of(const std::string& key);

/// Runs one input of zeros through the model, in evaluation mode and without gradients; the model
/// is as it was afterwards. Throws OptionError when it cannot take that size.
Compute forward_compute(backbone::Model& model, std::int64_t input_size);

/// Card of a model in memory.
ModelCard model_card(backbone::Model& model, const backbone::ModelConfig& config);

/// Card of a file. Builds the model where it is one of ours, to count its operations for inputs of
/// `input_size` (0: its own); any other file of weights gets the rows that need no model.
/// `overrides` as for backbone::load_model. `file` may be what open_weights() reads, and this
/// throws what that throws.
ModelCard model_card(const std::filesystem::path& file, std::int64_t input_size = 0,
                     const nlohmann::json& overrides = nlohmann::json::object());

std::string to_text(const ModelCard& card);
nlohmann::json to_json(const ModelCard& card);

}  // namespace hyena::inspect
