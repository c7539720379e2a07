#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace hyena::train {

/// A registered model at an input size, for lists.
struct ModelSummary {
  std::string name, family, kind, summary, mixer;
  std::int64_t input_size = 0;  ///< pixels of a side, or tokens
  std::int64_t parameters = 0;
  double flops = 0;   ///< of the forward pass for one input; 0 when not asked for
  std::string error;  ///< why it cannot be built at this size
};

/// Every registered model whose name contains `filter`. `img_size` 0 takes each picture model's
/// own; with `flops` one input is run through each, which takes seconds for large models.
std::vector<ModelSummary> list_models(const std::string& filter, std::int64_t img_size, bool flops);

/// (name, summary) of each kind of mixer.
std::vector<std::pair<std::string, std::string>> list_mixers();

}  // namespace hyena::train
