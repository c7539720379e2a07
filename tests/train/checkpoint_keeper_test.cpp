#include "train/run/checkpoint_keeper.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace hyena::train {
namespace {

using Names = std::vector<std::string>;
constexpr auto kNone = std::nullopt;

TEST(CheckpointKeeper, KeepsTheBestAndTheTop) {
  CheckpointKeeper keeper({.keep = 2, .suffix = ".st"});
  auto d = keeper.add(0, 50);
  EXPECT_EQ(d.write, (Names{"checkpoint-0.st", "best.st", "last.st"}));
  EXPECT_EQ(d.remove, Names{});
  EXPECT_TRUE(d.is_best);
  d = keeper.add(1, 40);
  EXPECT_EQ(d.write, (Names{"checkpoint-1.st", "last.st"}));
  d = keeper.add(2, 60);
  EXPECT_EQ(d.write, (Names{"checkpoint-2.st", "best.st", "last.st"}));
  EXPECT_EQ(d.remove, (Names{"checkpoint-1.st"}));
  d = keeper.add(3, 45);
  EXPECT_EQ(d.write, (Names{"last.st"}));
  EXPECT_EQ(d.remove, Names{});
  EXPECT_EQ(keeper.best_epoch(), 2);
  EXPECT_EQ(keeper.best_metric(), 60);
}

TEST(CheckpointKeeper, OfEqualMetricsTheEarlierIsBetter) {
  CheckpointKeeper keeper({.keep = 1});
  keeper.add(0, 50);
  const auto d = keeper.add(1, 50);
  EXPECT_EQ(d.write, (Names{"last.safetensors"}));
  EXPECT_FALSE(d.is_best);
  EXPECT_EQ(keeper.best_epoch(), 0);
}

TEST(CheckpointKeeper, ALossIsBetterWhenSmaller) {
  CheckpointKeeper keeper({.keep = 1, .larger_is_better = false});
  keeper.add(0, 2.0);
  EXPECT_TRUE(keeper.add(1, 1.0).is_best);
  EXPECT_FALSE(keeper.add(2, 1.5).is_best);
}

TEST(CheckpointKeeper, UnrankedEpochsFillUpTheNewestFirst) {
  CheckpointKeeper keeper({.keep = 2, .suffix = ""});
  keeper.add(0, kNone);
  keeper.add(1, std::nan(""));
  auto d = keeper.add(2, kNone);
  EXPECT_EQ(d.write, (Names{"checkpoint-2", "last"}));
  EXPECT_EQ(d.remove, (Names{"checkpoint-0"}));
  d = keeper.add(3, std::numeric_limits<double>::infinity());
  EXPECT_EQ(d.remove, (Names{"checkpoint-1"}));
  EXPECT_FALSE(keeper.best_epoch().has_value());
  d = keeper.add(4, 1);
  EXPECT_EQ(d.remove, (Names{"checkpoint-2"}));
  d = keeper.add(5, 2);
  EXPECT_EQ(d.remove, (Names{"checkpoint-3"}));
  d = keeper.add(6, kNone);  // never displaces a ranked one
  EXPECT_EQ(d.write, (Names{"last"}));
  EXPECT_EQ(d.remove, Names{});
}

TEST(CheckpointKeeper, WithoutATopThereAreBestAndLast) {
  CheckpointKeeper keeper({.keep = 0, .suffix = ""});
  EXPECT_EQ(keeper.add(0, 1).write, (Names{"best", "last"}));
  EXPECT_EQ(keeper.add(1, 0.5).write, (Names{"last"}));
}

TEST(CheckpointKeeper, GoesOnAfterARestartAsIfNothingHadHappened) {
  const std::vector<std::optional<double>> metrics = {5, 7, kNone, 7, 6, 9, 8, 1, 10, 3};
  CheckpointKeeper straight({.keep = 3});
  std::vector<CheckpointKeeper::Decision> expected;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    expected.push_back(straight.add(static_cast<std::int64_t>(i), metrics[i]));
  }
  for (std::size_t stop = 1; stop < metrics.size(); ++stop) {
    const tests::TemporaryFolder folder;
    const auto apply = [&](const CheckpointKeeper::Decision& d) {
      for (const auto& name : d.write) tests::write_file(folder / name, "x");
      for (const auto& name : d.remove) std::filesystem::remove(folder / name);
    };
    CheckpointKeeper before({.keep = 3});
    for (std::size_t i = 0; i < stop; ++i) {
      apply(before.add(static_cast<std::int64_t>(i), metrics[i]));
    }
    const auto state = nlohmann::json::parse(before.state().dump());
    // The crash came after this epoch's files, before its "last".
    apply(before.add(static_cast<std::int64_t>(stop), metrics[stop]));

    CheckpointKeeper after({.keep = 3});
    const Names stale = after.restore(state, folder.path());
    for (const auto& name : stale) {
      EXPECT_EQ(name, "checkpoint-" + std::to_string(stop) + ".safetensors");
      std::filesystem::remove(folder / name);
    }
    for (std::size_t i = stop; i < metrics.size(); ++i) {
      const auto d = after.add(static_cast<std::int64_t>(i), metrics[i]);
      EXPECT_EQ(d.is_best, expected[i].is_best) << stop << " " << i;
      apply(d);
    }
    Names left;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      left.push_back(entry.path().filename());
    }
    std::ranges::sort(left);
    EXPECT_EQ(left,
              (Names{"best.safetensors", "checkpoint-5.safetensors", "checkpoint-6.safetensors",
                     "checkpoint-8.safetensors", "last.safetensors"}))
        << stop;
    EXPECT_EQ(after.best_epoch(), 8);
  }
}

TEST(CheckpointKeeper, LeavesForeignFilesAloneAndRefusesADamagedState) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "checkpoint-final.safetensors", "x");
  tests::write_file(folder / "checkpoint-3.safetensors.bak", "x");
  CheckpointKeeper keeper({});
  EXPECT_EQ(keeper.restore(keeper.state(), folder.path()), Names{});
  try {
    keeper.restore({{"kept", 3}}, folder.path());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(
        std::string(error.what()).starts_with("the checkpoint's list of kept files is damaged: "))
        << error.what();
  }
}

}  // namespace
}  // namespace hyena::train
