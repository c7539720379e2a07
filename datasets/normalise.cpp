#include "datasets/normalise.h"

#include <numeric>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>

namespace hyena::datasets {
namespace {

std::vector<double> for_channels(const char* what, const std::vector<double>& values,
                                 std::int64_t channels) {
  const auto count = static_cast<std::int64_t>(values.size());
  if (count == channels) return values;
  if (count == 1) return std::vector<double>(static_cast<std::size_t>(channels), values[0]);
  if (count == 3 && channels == 1) return {std::accumulate(values.begin(), values.end(), 0.0) / 3};
  throw std::invalid_argument(std::string("normalise: ") + std::to_string(count) + " numbers for " +
                              what + ", but " + std::to_string(channels) + " channels");
}

}  // namespace

ChannelStatistics channel_statistics(const TransformOptions& options, const DatasetInfo& info,
                                     std::int64_t channels) {
  ChannelStatistics statistics{
      for_channels("mean", options.mean.empty() ? info.mean : options.mean, channels),
      for_channels("std", options.std.empty() ? info.std : options.std, channels)};
  for (const double deviation : statistics.std) {
    if (!(deviation > 0)) {
      throw std::invalid_argument("normalise: std must be positive, got " +
                                  std::to_string(deviation));
    }
  }
  return statistics;
}

Normalise::Normalise(const ChannelStatistics& statistics, at::Device device) {
  const auto mean = at::tensor(statistics.mean, at::kDouble).view({-1, 1, 1});
  const auto std = at::tensor(statistics.std, at::kDouble).view({-1, 1, 1});
  scale_ = (1 / (255 * std)).to(at::kFloat).to(device);
  shift_ = (-mean / std).to(at::kFloat).to(device);
}

at::Tensor Normalise::operator()(const at::Tensor& images) const {
  TORCH_CHECK(
      images.dim() == 4 && images.scalar_type() == at::kByte && images.size(1) == scale_.size(0),
      "normalise: images must be (B, C=", scale_.size(0), ", H, W) uint8, got ", images.sizes(),
      " ", images.scalar_type());
  return at::addcmul(shift_, images.to(at::kFloat), scale_);
}

}  // namespace hyena::datasets
