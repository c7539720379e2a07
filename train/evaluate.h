#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backbone/vision_model.h"
#include "datasets/loader.h"
#include "train/evaluate_result.h"
#include "train/feed.h"

namespace hyena::train {

/// Called after each batch with (done, total) batches; return false to stop, which leaves what was
/// seen so far in the result.
using BatchProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

/// Walks the loader's epoch 0 once, without gradients; the model is left in evaluation mode.
/// `limit` > 0 stops after so many batches. Throws std::runtime_error for a label that the model
/// has no class for.
Evaluation evaluate(backbone::VisionModel& model, datasets::Loader& loader, const Feed& feed,
                    bool amp = false, std::int64_t limit = 0, const BatchProgress& progress = {});

}  // namespace hyena::train
