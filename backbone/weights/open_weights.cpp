#include "backbone/weights/open_weights.h"

#include <array>
#include <fstream>
#include <string_view>

#include "backbone/mapped_file.h"
#include "backbone/safetensors.h"
#include "backbone/weights/strict_json.h"
#include "backbone/weights/torch_weights.h"
#include "backbone/weights/weight_folder.h"

namespace hyena::backbone {
namespace {

/// The settings of a language model that lie beside a file, "" where there are none. Other files
/// of these names are none of our business.
std::string settings_beside(const std::filesystem::path& path) {
  for (const char* name : {"config.json", "reference_config.json"}) {
    const auto beside = path.parent_path() / name;
    std::error_code error;
    if (!std::filesystem::is_regular_file(beside, error)) continue;
    try {
      const auto file = MappedFile::open<WeightFolderError>(beside);
      const auto json = parse_json_object(file.bytes(), beside.string());
      if (json.contains("d_model") && json.contains("n_layer")) return json.dump();
    } catch (const WeightFolderError&) {
      continue;
    }
  }
  return "";
}

}  // namespace

std::unique_ptr<WeightSource> open_weight_file(const std::filesystem::path& path) {
  std::array<char, 16> first{};
  std::string_view bytes;
  if (std::error_code error; std::filesystem::is_regular_file(path, error)) {
    std::ifstream file(path, std::ios::binary);
    file.read(first.data(), first.size());
    bytes = {first.data(), static_cast<std::size_t>(file.gcount())};
  }
  // The header of safetensors begins behind its length; no zip archive and no pickle of torch.save
  // has a brace there.
  const bool safetensors = bytes.size() > 8 && bytes[8] == '{';
  if (!safetensors && (bytes.starts_with("PK") || bytes.starts_with('\x80') ||
                       bytes.starts_with("version https:"))) {
    return std::make_unique<TorchWeights>(path);
  }
  if (!safetensors && bytes.find_first_not_of(" \t\r\n") < bytes.size() &&
      bytes[bytes.find_first_not_of(" \t\r\n")] == '{') {
    throw WeightFolderError(path.string() +
                            ": this is JSON, not weights; name the folder that it lies in");
  }
  return std::make_unique<SafetensorsFile>(path);
}

std::unique_ptr<WeightSource> open_weights(const std::filesystem::path& path) {
  if (std::error_code error; std::filesystem::is_directory(path, error)) {
    return std::make_unique<WeightFolder>(path);
  }
  auto source = open_weight_file(path);
  if (source->config().empty()) source->set_config(settings_beside(path));
  return source;
}

}  // namespace hyena::backbone
