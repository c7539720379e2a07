#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "datasets/dataset.h"
#include "datasets/transforms.h"

namespace hyena::datasets {

/// Mean and deviation of each channel as the model sees it, pixels in [0, 1].
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> std;
};

/// The options' mean and std, or the dataset's where they are empty, for `channels` channels: one
/// number serves all channels, three become their average for gray.
/// Throws std::invalid_argument for another count, or a deviation that is not positive.
ChannelStatistics channel_statistics(const TransformOptions& options, const DatasetInfo& info,
                                     std::int64_t channels);

/// (B, C, H, W) uint8 on any device → (x / 255 − mean) / std as float32 on the same device. The
/// constants are moved once, so that a step on a GPU needs no synchronisation.
class Normalise {
 public:
  Normalise(const ChannelStatistics& statistics, at::Device device);
  at::Tensor operator()(const at::Tensor& images) const;

 private:
  at::Tensor scale_;  // (C, 1, 1): 1 / (255 std)
  at::Tensor shift_;  // (C, 1, 1): −mean / std
};

}  // namespace hyena::datasets
