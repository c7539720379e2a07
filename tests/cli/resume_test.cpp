#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/cli/program.h"

/// A run that is broken off and goes on must end in the very bytes of one that was not.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using Seconds = std::chrono::duration<double>;

/// Everything that has a state: optimiser moments, two averages, stochastic depth, mixing, random
/// crops and erasing, accumulation with a short last group; states are saved inside epochs.
std::vector<std::string> eventful_run(const fs::path& data, const fs::path& output) {
  return small_run(data, output) + std::vector<std::string>{"--epochs",
                                                            "3",
                                                            "--grad-accum",
                                                            "2",
                                                            "--model-ema",
                                                            "--model-ema-decay",
                                                            "0.9",
                                                            "--drop-path",
                                                            "0.3",
                                                            "--mixup",
                                                            "0.8",
                                                            "--cutmix",
                                                            "1",
                                                            "--reprob",
                                                            "0.25",
                                                            "--train-crop",
                                                            "pad",
                                                            "--workers",
                                                            "2",
                                                            "--clip-grad",
                                                            "1",
                                                            "--sched-on-updates",
                                                            "--log-every",
                                                            "1",
                                                            "--save-minutes",
                                                            "0.0005"};
}

class Resume : public testing::Test {
 protected:
  void SetUp() override {
    write_mnist(data(), /*train=*/248, /*test=*/24);  // 15 batches: a last group of one
    const auto start = std::chrono::steady_clock::now();
    Program whole(eventful_run(data(), expected()));
    ASSERT_TRUE(whole.wait_for("parameters"));
    const Seconds startup = std::chrono::steady_clock::now() - start;
    const auto end = whole.wait();
    ASSERT_EQ(end.code, 0) << end.err;
    startup_ = startup;
    training_ = std::chrono::steady_clock::now() - start - startup;
  }

  fs::path data() const { return folder_ / "data"; }
  fs::path expected() const { return folder_ / "whole"; }
  fs::path run() const { return folder_ / "broken"; }

  /// Weights, averages, their records and the table: byte by byte as in the whole run.
  void expect_the_same() {
    for (const char* file : {"last.safetensors", "last-ema.safetensors", "best.safetensors",
                             "best-ema.safetensors", "summary.csv"}) {
      EXPECT_TRUE(read_file(run() / file) == read_file(expected() / file)) << file;
    }
    EXPECT_TRUE(tensor_bytes(run() / "resume.safetensors") ==
                tensor_bytes(expected() / "resume.safetensors"));
    for (const auto& entry : fs::directory_iterator(run())) {
      EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos)
          << entry.path() << " was left behind";
    }
  }

  /// Starts the run, or goes on with it where it has saved something.
  std::vector<std::string> next_start() const {
    if (fs::exists(run() / "resume.safetensors")) return {"train", "--resume", run().string()};
    fs::remove_all(run());
    return eventful_run(data(), run());
  }

  TemporaryFolder folder_;
  Seconds startup_{}, training_{};
};

TEST_F(Resume, AfterKillsAtRandomMoments) {
  constexpr int kKills = 20;
  std::mt19937 random(20260101);
  const auto below = [&](double limit) {
    return Seconds(std::uniform_real_distribution<double>(0, limit)(random));
  };
  int killed = 0, inside = 0;
  while (killed < kKills) {
    fs::remove_all(run());
    for (bool done = false; !done && killed < kKills;) {
      Program program(next_start());
      if (killed % 5 == 4) {  // while it starts
        std::this_thread::sleep_for(below(startup_.count()));
      } else {
        ASSERT_TRUE(program.wait_for("parameters")) << program.wait().err;
        std::this_thread::sleep_for(below(training_.count() / 4));
        inside += fs::exists(run() / "resume.safetensors");
      }
      done = program.ended();
      program.signal(SIGKILL);
      const auto end = program.wait();
      if (done) {
        ASSERT_EQ(end.code, 0) << end.err;
        expect_the_same();
      } else if (end.signal == SIGKILL) {
        ++killed;
      }
    }
  }
  EXPECT_GE(inside, kKills / 4) << "too few kills hit a run that had saved anything";
  RecordProperty("kills_with_a_saved_state", inside);
  const auto end = hyena(next_start());
  ASSERT_EQ(end.code, 0) << end.err;
  expect_the_same();
}

TEST_F(Resume, AfterSignalsThatAskForAnEnd) {
  for (const int number : {SIGTERM, SIGINT}) {
    Program program(number == SIGTERM ? eventful_run(data(), run()) : next_start());
    ASSERT_TRUE(program.wait_for(number == SIGTERM ? "  step 2/" : "  step "))
        << program.wait().err;
    program.signal(number);
    const auto end = program.wait();
    ASSERT_EQ(end.code, 130) << end.out << end.err;
    EXPECT_NE(end.out.find("interrupted; everything is saved. Go on with\n  hyena train --resume " +
                           run().string() + "\n"),
              std::string::npos)
        << end.out;
  }
  const auto end = hyena(next_start());
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_NE(end.out.find("going on with " + run().string() + " at epoch "), std::string::npos);
  expect_the_same();
  // A finished run has nothing left to do and stays as it is.
  const auto again = hyena(next_start());
  ASSERT_EQ(again.code, 0) << again.err;
  expect_the_same();
}

TEST_F(Resume, RefusesWhatItWouldNotDo) {
  const std::string folder = expected().string();
  const auto refused = [&](const std::vector<std::string>& more) {
    const auto end = hyena(std::vector<std::string>{"train", "--resume", folder} + more);
    EXPECT_EQ(end.code, 2) << end.out;
    return end.err;
  };
  const std::string before = read_file(expected() / "resume.safetensors");
  for (const std::string option : {"output", "init", "model", "recipe", "config"}) {
    EXPECT_EQ(refused({"--" + option, "x"}),
              "hyena: --resume keeps --" + option +
                  " as it is; to change it start a new run, with --init " + folder +
                  "/last.safetensors for its weights\n");
  }
  EXPECT_EQ(refused({"--dim", "32"}),
            "hyena: --resume keeps the model as it is; to change it start a new run with --init " +
                folder + "/last.safetensors\n");
  EXPECT_EQ(refused({"--dry-run"}), "hyena: --dry-run shows a new run; leave out --resume\n");
  EXPECT_TRUE(read_file(expected() / "resume.safetensors") == before);

  fs::create_directories(folder_ / "empty");
  const auto end = hyena({"train", "--resume", (folder_ / "empty").string()});
  EXPECT_EQ(end.code, 1);
  EXPECT_EQ(end.err, "hyena: " + (folder_ / "empty").string() +
                         " holds no saved run: there is no resume.safetensors in it. --resume "
                         "takes the folder that a run wrote to; one that ended before its first "
                         "save must be started anew\n");
}

TEST_F(Resume, GoesOnForMoreEpochs) {
  const auto end = hyena({"train", "--resume", expected().string(), "--epochs", "4"});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(csv_cell(expected() / "summary.csv", 3, "epoch"), "3");
}

}  // namespace
}  // namespace hyena
