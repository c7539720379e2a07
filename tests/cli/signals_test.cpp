#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;

/// A line of /proc/PID/task/TID/status that holds a set of signals.
std::uint64_t mask(const fs::path& task, const std::string& name) {
  std::ifstream status(task / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1), nullptr, 16);
  }
  return 0;
}

constexpr std::uint64_t kStopping = (1ull << (SIGINT - 1)) | (1ull << (SIGTERM - 1));

/// A handler would run on the stack pointer of whatever it interrupts, and matrix kernels use
/// theirs for other things.
TEST(Signals, InterruptNoThreadThatComputes) {
  TemporaryFolder folder;
  write_mnist(folder / "data");
  Program program(small_run(folder / "data", folder / "run") +
                  std::vector<std::string>{"--epochs", "5000", "--workers", "2"});
  ASSERT_TRUE(program.wait_for("parameters"));
  std::size_t threads = 0;
  for (const auto& task :
       fs::directory_iterator("/proc/" + std::to_string(program.id()) + "/task")) {
    ++threads;
    EXPECT_EQ(mask(task.path(), "SigCgt") & kStopping, 0u) << "a handler is installed";
    // The thread that waits for them has them unblocked while it does.
    const auto waiting = mask(task.path(), "SigBlk") & kStopping;
    EXPECT_TRUE(waiting == kStopping || waiting == 0) << task.path();
    if (task.path().filename() == std::to_string(program.id())) {
      EXPECT_EQ(waiting, kStopping);
    }
  }
  EXPECT_GE(threads, 2u);
  program.signal(SIGTERM);
  const auto end = program.wait();
  EXPECT_EQ(end.code, 130) << end.err;
}

TEST(Signals, EndACommandThatDoesNotListen) {
  Program program({"bench", "generate", "--lengths", "16384", "--d-model", "256"});
  const auto main_thread =
      "/proc/" + std::to_string(program.id()) + "/task/" + std::to_string(program.id());
  while (!program.ended() && mask(main_thread, "SigBlk") == 0) {
  }
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait().signal, SIGTERM);
}

}  // namespace
}  // namespace hyena
