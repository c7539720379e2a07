#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "datasets/loader.h"
#include "datasets/mixing.h"
#include "datasets/normalise.h"
#include "datasets/random_erasing.h"

namespace hyena::train {

/// Loader batches → what a model and a loss take, on the model's device. Pictures travel as bytes
/// and become floats there; copies to a GPU run in the background.
class Feed {
 public:
  struct Settings {
    at::Device device{at::kCPU};
    datasets::ChannelStatistics statistics;
    bool channels_last = false;
    std::int64_t num_classes = 0;
    std::uint64_t seed = 0;
    datasets::ErasingOptions erasing;  ///< training only
    datasets::MixingOptions mixing;    ///< training only
    double smoothing = 0;              ///< in mixed targets; the loss smooths plain labels
  };
  explicit Feed(const Settings& settings);

  struct Input {
    at::Tensor images;   ///< (B, C, H, W) float32
    at::Tensor labels;   ///< (B) int64
    at::Tensor targets;  ///< labels, or (B, classes) when the batch was mixed
  };

  /// Normalised, then erased, then mixed (timm's order without prefetcher, DeiT's and safari's).
  Input for_training(const datasets::Batch& batch, bool mix) const;
  Input for_evaluation(const datasets::Batch& batch) const;

 private:
  Settings settings_;
  datasets::Normalise normalise_;
};

}  // namespace hyena::train
