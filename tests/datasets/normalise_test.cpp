#include "datasets/normalise.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/datasets/messages.h"
#include "tests/support/tensors.h"

namespace hyena::datasets {
namespace {

TEST(Normalise, IsTheFormulaForEveryByte) {
  const ChannelStatistics statistics{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  const auto images = at::arange(256, at::kByte).view({1, 1, 16, 16}).expand({2, 3, 16, 16});
  const auto mean = at::tensor(statistics.mean, at::kDouble).view({3, 1, 1});
  const auto std = at::tensor(statistics.std, at::kDouble).view({3, 1, 1});
  const auto result = Normalise(statistics, at::kCPU)(images);
  EXPECT_EQ(result.scalar_type(), at::kFloat);
  EXPECT_TRUE(tests::close(result, (images.to(at::kDouble) / 255 - mean) / std, 1e-7));
}

TEST(Normalise, RefusesOtherTensors) {
  const Normalise normalise({{0.5}, {0.5}}, at::kCPU);
  EXPECT_THROW(normalise(at::zeros({2, 3, 4, 4}, at::kByte)), c10::Error);
  EXPECT_THROW(normalise(at::zeros({2, 1, 4, 4})), c10::Error);
}

TEST(ChannelStatistics, ComeFromTheOptionsElseFromTheData) {
  const DatasetInfo info{.name = "d", .mean = {0.1, 0.2, 0.6}, .std = {0.2, 0.3, 0.4}};
  EXPECT_EQ(channel_statistics({}, info, 3).mean, info.mean);
  EXPECT_NEAR(channel_statistics({}, info, 1).mean.at(0), 0.3, 1e-15);
  const auto own = channel_statistics({.mean = {0.5}, .std = {0.25}}, info, 3);
  EXPECT_EQ(own.mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(own.std, (std::vector<double>{0.25, 0.25, 0.25}));
  EXPECT_EQ(tests::message_of<std::invalid_argument>([&] {
              channel_statistics({.mean = {0.5, 0.5}}, info, 3);
            }),
            "normalise: 2 numbers for mean, but 3 channels");
  EXPECT_EQ(
      tests::message_of<std::invalid_argument>([&] { channel_statistics({.std = {0}}, info, 3); }),
      "normalise: std must be positive, got 0.000000");
}

}  // namespace
}  // namespace hyena::datasets
