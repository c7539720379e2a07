#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "backbone/checkpoint.h"

namespace hyena::backbone {

struct ConvertOptions {
  nlohmann::json overrides = nlohmann::json::object();  ///< as for load_model()
  std::optional<at::ScalarType> weights = {};  ///< as for save_model(); nothing: float32, as loaded
  std::filesystem::path hub_folder = {};       ///< where not empty, write_hub_folder() there too
  std::string hub_part = {};                   ///< as for write_hub_folder()
};

/// What became of a model's file or folder.
struct Conversion {
  std::string format;  ///< of the source, as WeightSource::format()
  ModelDescription description;
  ImportReport report;
  std::map<std::string, std::string> sha256;  ///< of each file of weights that was read

  /// Several lines for a person: what the model is, what was assumed, mapped and left out.
  std::string text() const;
};

/// Reads a model from any source of weights and writes it to `to` (unless that is empty) as one of
/// ours: weights and metadata in one safetensors file. The hashes of the source are kept in the
/// notes under training.converted_from. Throws what load_model() and save_model() throw, and
/// OptionError where `to` is a file that is read.
Conversion convert_model(const std::filesystem::path& from, const std::filesystem::path& to,
                         const ConvertOptions& options = {});

}  // namespace hyena::backbone
