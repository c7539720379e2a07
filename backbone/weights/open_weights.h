#pragma once

#include <filesystem>
#include <memory>

#include "backbone/weight_source.h"

namespace hyena::backbone {

/// Opens a safetensors file, a PyTorch checkpoint or a folder of either (WeightFolder), told apart
/// by their contents. Settings of a language model are taken from config.json or
/// reference_config.json beside a file that has none itself. Throws SafetensorsError,
/// TorchFileError, WeightFolderError: all are std::runtime_error and begin with the file's name.
std::unique_ptr<WeightSource> open_weights(const std::filesystem::path& path);

/// The same for a file alone.
std::unique_ptr<WeightSource> open_weight_file(const std::filesystem::path& path);

}  // namespace hyena::backbone
