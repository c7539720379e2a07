#pragma once

#include <filesystem>
#include <string>

#include "backbone/checkpoint.h"

namespace hyena::backbone {

/// Writes a model of the family causal_lm as Hugging Face's port of HyenaDNA has it: a folder with
/// config.json and model.safetensors, keys, shapes, types and fields alike. `part` is "backbone",
/// "causal-lm", "classifier", or "" for what the model is. Throws OptionError, naming the option,
/// for a model that the port cannot run: other orders than 2, attention, another window, a
/// classifier with a bias.
void write_hub_folder(const std::filesystem::path& folder, const Module& model,
                      const ModelConfig& config, const ModelNotes& notes,
                      const std::string& part = "");

}  // namespace hyena::backbone
