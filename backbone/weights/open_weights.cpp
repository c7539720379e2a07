#include "backbone/weights/open_weights.h"

#include <array>
#include <fstream>
#include <string_view>

#include "backbone/safetensors.h"
#include "backbone/weights/torch_weights.h"
#include "backbone/weights/weight_folder.h"

namespace hyena::backbone {

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
  return open_weight_file(path);
}

}  // namespace hyena::backbone
