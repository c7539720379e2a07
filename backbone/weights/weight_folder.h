#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/weight_source.h"
#include "backbone/weights/strict_json.h"

namespace hyena::backbone {

/// Reads `text`, an index of shards ({"weight_map": {tensor: file}}): the file of each tensor. The
/// names of files must be names, not paths. Throws WeightFolderError with `file` in the message.
std::map<std::string, std::string> parse_shard_index(std::string_view text,
                                                     const std::string& file);

/// A folder as Hugging Face's hub has it: config.json and model.safetensors or pytorch_model.bin,
/// whole or in shards with an index. Also HyenaDNA's, with weights.ckpt.
class WeightFolder final : public WeightSource {
 public:
  /// Throws WeightFolderError, and what its files throw.
  explicit WeightFolder(const std::filesystem::path& path);

  void read(const TensorEntry& entry, std::span<std::byte> out) const override;

 private:
  void open_shards(const std::filesystem::path& index);

  std::vector<std::unique_ptr<WeightSource>> shards_;
  std::vector<std::size_t> shard_of_;  // of each of tensors()
};

}  // namespace hyena::backbone
