#include "datasets/verify.h"

#include <gtest/gtest.h>

namespace hyena::datasets {
namespace {

/// 500 pictures; 50, 150, ... are unreadable, 7 and 451 have equal pixels.
class PatternDataset final : public Dataset {
 public:
  PatternDataset() { info_.num_classes = 2; }
  const DatasetInfo& info() const override { return info_; }
  std::int64_t size() const override { return 500; }
  std::string name(std::int64_t index) const override { return std::to_string(index); }
  std::int64_t label(std::int64_t index) const override { return index >= 400; }
  Sample get(std::int64_t index) const override {
    if (index % 100 == 50) throw ReadError(name(index) + ": broken");
    const std::int64_t content = index == 451 ? 7 : index;
    const std::int64_t height = 2 + content % 3;
    Sample sample{{{}, height, 4, 1}, label(index)};
    for (std::int64_t i = 0; i < height * 4; ++i) {
      sample.picture.pixels.push_back(static_cast<std::uint8_t>(content >> (i % 9)));
    }
    return sample;
  }

 private:
  DatasetInfo info_;
};

class Verify : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Workers, Verify, testing::Values(0, 1, 3));

TEST_P(Verify, CountsMeasuresAndNames) {
  std::int64_t last = 0;
  const auto report = verify_dataset(PatternDataset(), {.workers = GetParam(), .duplicates = true},
                                     [&](std::int64_t done, std::int64_t total) {
                                       EXPECT_GT(done, last);
                                       EXPECT_EQ(total, 500);
                                       last = done;
                                       return true;
                                     });
  EXPECT_EQ(last, 500);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.samples, 500);
  EXPECT_EQ(report.unreadable, (std::vector<std::string>{"50: broken", "150: broken", "250: broken",
                                                         "350: broken", "450: broken"}));
  EXPECT_EQ(report.class_counts, (std::vector<std::int64_t>{396, 99}));
  EXPECT_EQ(report.sizes.min_height, 2);
  EXPECT_EQ(report.sizes.max_height, 4);
  EXPECT_EQ(report.sizes.min_width, 4);
  EXPECT_NEAR(report.sizes.mean_height, 3, 0.02);
  EXPECT_EQ(report.duplicates, (std::vector<std::vector<std::string>>{{"7", "451"}}));
}

TEST_P(Verify, StopsWhenAsked) {
  const auto report = verify_dataset(PatternDataset(), {.workers = GetParam()},
                                     [](std::int64_t done, std::int64_t) { return done < 100; });
  EXPECT_FALSE(report.complete);
  EXPECT_LT(report.samples, 200);
  EXPECT_TRUE(report.duplicates.empty());
}

}  // namespace
}  // namespace hyena::datasets
