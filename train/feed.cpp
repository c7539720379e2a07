#include "train/feed.h"

#include <ATen/ATen.h>

namespace hyena::train {

Feed::Feed(const Settings& settings)
    : settings_(settings), normalise_(settings.statistics, settings.device) {}

Feed::Input Feed::for_evaluation(const datasets::Batch& batch) const {
  const bool background = settings_.device.is_cuda();
  Input input;
  input.images = normalise_(batch.images.to(settings_.device, at::kByte, background));
  if (settings_.channels_last) {
    input.images = input.images.contiguous(at::MemoryFormat::ChannelsLast);
  }
  input.labels = batch.labels.to(settings_.device, at::kLong, background);
  input.targets = input.labels;
  return input;
}

Feed::Input Feed::for_training(const datasets::Batch& batch, bool mix) const {
  Input input = for_evaluation(batch);
  if (settings_.erasing.probability > 0) {
    datasets::random_erasing(input.images, settings_.erasing, settings_.seed, batch.epoch,
                             batch.indices);
  }
  if (!mix || !settings_.mixing.on()) return input;
  const datasets::Size size{.height = input.images.size(2), .width = input.images.size(3)};
  const auto plan =
      datasets::plan_mixing(settings_.mixing, size, settings_.seed, batch.epoch, batch.index);
  if (plan.lambda < 1) input.images = datasets::mix_images(input.images, plan);
  input.targets =
      datasets::mix_targets(input.labels, settings_.num_classes, plan.lambda, settings_.smoothing);
  return input;
}

}  // namespace hyena::train
