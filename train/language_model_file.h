#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/language_model.h"
#include "train/device.h"
#include "train/language_request.h"
#include "train/recorded_tokenizer.h"

namespace hyena::train {

/// A language model at hand, with what turns text into its ids.
struct OpenedLanguageModel {
  std::unique_ptr<backbone::LanguageModel> model;
  backbone::ModelConfig config;
  RecordedTokenizer tokenizer;  ///< null where neither the file nor the request has one
  ChosenDevice device;
  std::vector<std::string> assumed;  ///< options of a foreign file that its tensors do not tell

  /// Throws OptionError that says how to name one.
  const datasets::Tokenizer& need_tokenizer() const;
};

/// In evaluation mode on its device. Throws what reading the file throws; OptionError for a
/// tokenizer with more tokens than the model.
OpenedLanguageModel open_language_model(const LanguageRequest& request);

}  // namespace hyena::train
