#include "datasets/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "datasets/random.h"
#include "tests/datasets/messages.h"

namespace hyena::datasets {
namespace {

/// Pictures of 6 × 6 noise; label = index mod 3. Counts what is decoded.
class NoiseDataset : public Dataset {
 public:
  explicit NoiseDataset(std::int64_t size, std::set<std::int64_t> unreadable = {})
      : size_(size), unreadable_(std::move(unreadable)) {}
  const DatasetInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
  std::string name(std::int64_t index) const override {
    return "noise[" + std::to_string(index) + "]";
  }
  std::int64_t label(std::int64_t index) const override { return index % 3; }
  Sample get(std::int64_t index) const override {
    ++decoded;
    if (unreadable_.contains(index)) throw ReadError(name(index) + ": broken");
    Sample sample{{std::vector<std::uint8_t>(36), 6, 6, 1}, label(index)};
    Random random(static_cast<std::uint64_t>(index));
    for (auto& pixel : sample.picture.pixels) pixel = static_cast<std::uint8_t>(random.bits());
    // Uneven work, so that workers overtake each other.
    if (index % 5 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    return sample;
  }
  mutable std::atomic<int> decoded = 0;

 private:
  DatasetInfo info_{.name = "noise",
                    .num_classes = 3,
                    .class_names = {"a", "b", "c"},
                    .channels = 1,
                    .height = 6,
                    .width = 6,
                    .mean = {0.5},
                    .std = {0.25}};
  std::int64_t size_;
  std::set<std::int64_t> unreadable_;
};

Loader make_loader(std::shared_ptr<const Dataset> data, LoaderOptions options) {
  const auto transform = make_train_transform({.crop_padding = 2}, data->info());
  return {std::move(data), transform, options};
}

std::vector<std::uint64_t> checksums(Loader& loader, std::int64_t epoch, std::int64_t first = 0) {
  std::vector<std::uint64_t> sums;
  loader.start(epoch, first);
  while (const auto batch = loader.next()) sums.push_back(checksum(*batch));
  return sums;
}

class Workers : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Count, Workers, testing::Values(0, 1, 2, 5));

TEST_P(Workers, BatchesAreThoseOfASingleThreadedLoop) {
  const auto data = std::make_shared<NoiseDataset>(53);
  const auto transform = make_train_transform({.crop_padding = 2}, data->info());
  const LoaderOptions options{
      .batch_size = 8, .workers = GetParam(), .prefetch = 3, .seed = 9, .drop_last = false};
  Loader loader(data, transform, options);
  for (const std::int64_t epoch : {0, 1}) {
    const auto order = epoch_order(53, 9, epoch);
    loader.start(epoch);
    std::int64_t position = 0;
    for (std::int64_t b = 0; b < 7; ++b) {
      const auto batch = loader.next();
      ASSERT_TRUE(batch.has_value());
      EXPECT_EQ(batch->index, b);
      EXPECT_EQ(batch->epoch, epoch);
      const std::int64_t count = b < 6 ? 8 : 5;
      ASSERT_EQ(batch->images.sizes(), (std::vector<std::int64_t>{count, 1, 6, 6}));
      for (std::int64_t i = 0; i < count; ++i, ++position) {
        const std::int64_t index = order[static_cast<std::size_t>(position)];
        EXPECT_EQ(batch->indices[static_cast<std::size_t>(i)], index);
        EXPECT_EQ(batch->labels[i].item<std::int64_t>(), index % 3);
        Random random(9, Stream::kSample, static_cast<std::uint64_t>(epoch),
                      static_cast<std::uint64_t>(index));
        std::vector<std::uint8_t> expected(36);
        transform(data->get(index).picture, random, expected.data());
        const auto row = batch->images[i].contiguous();
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), row.data_ptr<std::uint8_t>()));
      }
    }
    EXPECT_FALSE(loader.next().has_value());
    EXPECT_FALSE(loader.next().has_value());
  }
}

TEST_P(Workers, GiveTheSameChecksumsAlsoAfterARestoreInTheMiddle) {
  const auto data = std::make_shared<NoiseDataset>(400, std::set<std::int64_t>{5, 6, 77, 399});
  LoaderOptions options{.batch_size = 16, .workers = 0, .prefetch = 4, .seed = 3};
  Loader reference = make_loader(data, options);
  const auto expected = checksums(reference, 2);
  ASSERT_EQ(expected.size(), 25u);
  ASSERT_EQ(std::set<std::uint64_t>(expected.begin(), expected.end()).size(), 25u);

  options.workers = GetParam();
  Loader loader = make_loader(data, options);
  EXPECT_EQ(checksums(loader, 2), expected);
  EXPECT_NE(checksums(loader, 3), expected);
  EXPECT_EQ(loader.unreadable(), reference.unreadable());
  const auto tail = checksums(loader, 2, 11);
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), expected.begin() + 11, expected.end()));
}

TEST_P(Workers, SkippedBatchesAreNotDecoded) {
  const auto data = std::make_shared<NoiseDataset>(1000);
  Loader loader = make_loader(data, {.batch_size = 10, .workers = GetParam(), .prefetch = 2});
  EXPECT_EQ(checksums(loader, 0, 97).size(), 3u);
  EXPECT_EQ(data->decoded, 30);
  EXPECT_TRUE(checksums(loader, 0, 100).empty());
  EXPECT_EQ(data->decoded, 30);
}

TEST_P(Workers, MemoryIsBoundedByPrefetch) {
  const auto data = std::make_shared<NoiseDataset>(1000);
  Loader loader = make_loader(data, {.batch_size = 10, .workers = GetParam(), .prefetch = 3});
  loader.start(0);
  for (int taken = 1; taken <= 20; ++taken) {
    ASSERT_TRUE(loader.next().has_value());
    EXPECT_LE(data->decoded, 10 * (taken + 3));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(data->decoded, 10 * (20 + 3));
}

TEST_P(Workers, BatchesThatAreKeptDoNotChange) {
  const auto data = std::make_shared<NoiseDataset>(300);
  Loader loader = make_loader(data, {.batch_size = 10, .workers = GetParam(), .prefetch = 2});
  std::vector<Batch> kept;
  std::vector<std::uint64_t> sums;
  loader.start(0);
  while (auto batch = loader.next()) {
    sums.push_back(checksum(*batch));
    if (batch->index % 3 == 0) kept.push_back(std::move(*batch));
  }
  ASSERT_EQ(kept.size(), 10u);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(checksum(kept[i]), sums[3 * i]);
}

TEST_P(Workers, UnreadablePicturesAreNamedAndReplacedByTheNext) {
  const auto data = std::make_shared<NoiseDataset>(12, std::set<std::int64_t>{4, 5, 11});
  Loader loader =
      make_loader(data, {.batch_size = 4, .workers = GetParam(), .prefetch = 1, .shuffle = false});
  loader.start(0);
  EXPECT_EQ(loader.next()->indices, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_TRUE(loader.unreadable().empty());
  const auto batch = loader.next();
  EXPECT_EQ(batch->indices, (std::vector<std::int64_t>{6, 6, 6, 7}));
  EXPECT_EQ(batch->labels[0].item<std::int64_t>(), 0);
  EXPECT_FALSE(batch->images[0].equal(batch->images[1]) && batch->images[1].equal(batch->images[2]))
      << "replacements are augmented differently";
  EXPECT_EQ(loader.next()->indices, (std::vector<std::int64_t>{8, 9, 10, 0}));
  EXPECT_EQ(loader.unreadable(), (std::vector<std::string>{"noise[11]: broken", "noise[4]: broken",
                                                           "noise[5]: broken"}));
}

TEST_P(Workers, UnreadablePicturesAreAnErrorInEvaluation) {
  const auto data = std::make_shared<NoiseDataset>(40, std::set<std::int64_t>{13, 14, 30});
  Loader loader = make_loader(data, {.batch_size = 10,
                                     .workers = GetParam(),
                                     .prefetch = 4,
                                     .shuffle = false,
                                     .drop_last = false,
                                     .replace_unreadable = false});
  loader.start(0);
  EXPECT_TRUE(loader.next().has_value());
  EXPECT_EQ(tests::message_of<ReadError>([&] { loader.next(); }), "noise[13]: broken");
  EXPECT_FALSE(loader.next().has_value());
  loader.start(0, 2);  // and it can go on elsewhere
  EXPECT_TRUE(loader.next().has_value());
  EXPECT_EQ(tests::message_of<ReadError>([&] { loader.next(); }), "noise[30]: broken");
}

TEST_P(Workers, TwentyUnreadableSuccessorsAreAnError) {
  std::set<std::int64_t> unreadable;
  for (std::int64_t i = 2; i < 23; ++i) unreadable.insert(i);
  LoaderOptions options{.batch_size = 3, .workers = GetParam(), .prefetch = 1, .shuffle = false};
  Loader loader = make_loader(std::make_shared<NoiseDataset>(30, unreadable), options);
  loader.start(0);
  EXPECT_EQ(tests::message_of<ReadError>([&] { loader.next(); }),
            "no readable picture at noise[2] or at the 20 that follow it; the first reason: "
            "noise[2]: broken; `hyena verify-data` lists all unreadable pictures");
  unreadable.erase(22);
  Loader lucky = make_loader(std::make_shared<NoiseDataset>(30, unreadable), options);
  lucky.start(0);
  EXPECT_EQ(lucky.next()->indices, (std::vector<std::int64_t>{0, 1, 22}));
}

TEST_P(Workers, StopFromAnyState) {
  const auto data = std::make_shared<NoiseDataset>(200, std::set<std::int64_t>{60});
  for (int taken = 0; taken < 8; ++taken) {
    Loader loader = make_loader(data, {.batch_size = 10,
                                       .workers = GetParam(),
                                       .prefetch = 4,
                                       .shuffle = false,
                                       .replace_unreadable = taken % 2 == 0});
    loader.start(0);
    for (int i = 0; i < taken && i < 6; ++i) loader.next();
    if (taken % 3 == 0) {
      loader.stop();
      loader.stop();
      EXPECT_FALSE(loader.next().has_value());
    }
    if (taken % 3 == 1) loader.start(1, 10);
  }
}

TEST(EpochOrder, IsAPermutationThatChangesWithSeedAndEpoch) {
  const auto order = epoch_order(1000, 1, 0);
  auto sorted = order;
  std::ranges::sort(sorted);
  std::vector<std::int64_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
  EXPECT_NE(order, epoch_order(1000, 1, 1));
  EXPECT_NE(order, epoch_order(1000, 2, 0));
  EXPECT_EQ(order, epoch_order(1000, 1, 0));
  double moved = 0;
  for (std::size_t i = 0; i < 1000; ++i)
    moved += std::abs(static_cast<double>(order[i]) - static_cast<double>(i));
  EXPECT_NEAR(moved / 1000, 1000 / 3.0, 30) << "the mean distance of a random permutation";
}

TEST(Checksum, SeesPixelsLabelsAndOrder) {
  const auto batch = [] {
    return Batch{.images = at::arange(24, at::kByte).view({2, 3, 2, 2}),
                 .labels = at::tensor({1, 2}, at::kLong),
                 .indices = {4, 5}};
  };
  const auto sum = checksum(batch());
  EXPECT_EQ(checksum(batch()), sum);
  auto changed = batch();
  changed.images.view(-1)[23] = 0;
  EXPECT_NE(checksum(changed), sum);
  changed = batch();
  changed.labels[1] = 3;
  EXPECT_NE(checksum(changed), sum);
  changed = batch();
  changed.indices = {5, 4};
  EXPECT_NE(checksum(changed), sum);
  changed = batch();
  changed.images = changed.images.view({3, 2, 2, 2});
  EXPECT_NE(checksum(changed), sum);
}

TEST(Loader, RefusesWhatCannotMakeABatch) {
  const auto make = [](std::int64_t size, LoaderOptions options) {
    make_loader(std::make_shared<NoiseDataset>(size), options);
  };
  EXPECT_EQ(tests::message_of<std::invalid_argument>([&] { make(5, {.batch_size = 8}); }),
            "loader: batch_size 8 is larger than the 5 samples, and a last batch that is not full "
            "is left out");
  EXPECT_EQ(tests::message_of<std::invalid_argument>([&] { make(5, {.batch_size = 0}); }),
            "loader: batch_size must be at least 1");
  EXPECT_EQ(tests::message_of<ReadError>([&] { make(0, {.batch_size = 1}); }), "noise: no samples");
  Loader loader = make_loader(std::make_shared<NoiseDataset>(20), {.batch_size = 10});
  EXPECT_EQ(tests::message_of<std::invalid_argument>([&] { loader.start(1, 3); }),
            "loader: no batch 3 in epoch 1 of 2 batches");
}

}  // namespace
}  // namespace hyena::datasets
