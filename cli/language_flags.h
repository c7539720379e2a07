#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "train/language_request.h"

namespace hyena::cli {

/// Flags of every command that loads a language model: --model, --tokenizer, --device, --threads,
/// --amp, and --set KEY=VALUE for options that a foreign file does not tell.
class LanguageFlags {
 public:
  /// `alias` is a short form of --model, such as "-m"; empty for none.
  explicit LanguageFlags(CLI::App& app, const std::string& alias = "");
  /// After parsing. Throws OptionError for settings that are not KEY=VALUE.
  train::LanguageRequest request() const;

 private:
  nlohmann::json values_ = nlohmann::json::object();
  std::string model_;
  std::vector<std::string> settings_;
};

}  // namespace hyena::cli
