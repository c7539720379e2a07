#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backbone/vision_model.h"

namespace hyena::train {

/// A model that starts from a checkpoint instead of random weights.
struct StartedModel {
  std::unique_ptr<backbone::VisionModel> model;
  backbone::ModelConfig config;
  std::string report;  ///< what was taken over, resized, left out
};

/// Builds `config` and takes over what fits of `file`, matched by content: of the file's own model
/// family, whose position tables and filters are resized where the resolution differs; a classifier
/// for another number of classes starts anew. Throws OptionError when the file holds another kind
/// of model, naming both.
StartedModel start_from(const std::string& file, const backbone::ModelConfig& config,
                        std::int64_t num_classes);

/// Switches off the gradients of the parameters whose names match one of the patterns (* any text,
/// ? one letter). Throws OptionError for a pattern that matches nothing, naming the nearest
/// parameter.
void freeze(backbone::Model& model, const std::vector<std::string>& patterns);

}  // namespace hyena::train
