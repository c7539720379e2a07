#pragma once

#include <filesystem>
#include <span>

#include "backbone/pickle/torch_file.h"
#include "backbone/weight_source.h"

namespace hyena::backbone {

/// The weights of a PyTorch checkpoint. Where the file is a dict that has its weights under
/// "state_dict", "model" or the like, those are taken, with that word in front of their names, and
/// the rest is left out; else every tensor counts.
class TorchWeights final : public WeightSource {
 public:
  /// Throws TorchFileError, also for a file without a named tensor.
  explicit TorchWeights(const std::filesystem::path& path);

  void read(const TensorEntry& entry, std::span<std::byte> out) const override;

 private:
  void take(ValueId from, const std::string& prefix);

  TorchFile file_;
  std::vector<std::size_t> places_;  // of each of tensors(): index in the file's tensors
};

}  // namespace hyena::backbone
