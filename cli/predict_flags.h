#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "train/predict.h"

namespace hyena::cli {

/// Flags of every command that loads a checkpoint: --model, --device, --threads, --img-size,
/// --amp, and --set KEY=VALUE for options that a foreign file does not tell.
class ModelFlags {
 public:
  explicit ModelFlags(CLI::App& app);
  /// After parsing. Throws as model_settings.
  train::ModelRequest request() const;

 private:
  nlohmann::json values_ = nlohmann::json::object();
  std::vector<std::string> settings_;
};

/// "--set KEY=VALUE ..." as an object: a VALUE that is JSON is taken as such, anything else is
/// text. Throws OptionError for a setting that is not KEY=VALUE.
nlohmann::json model_settings(const std::vector<std::string>& settings);

/// A progress bar on a terminal's standard error, nothing elsewhere. Stops on Ctrl-C.
train::Progress console_progress(const std::string& what);

}  // namespace hyena::cli
