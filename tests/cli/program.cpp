#include "tests/cli/program.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hyena::tests {
namespace fs = std::filesystem;
namespace {

void redirect(const fs::path& file, int descriptor) {
  const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (opened < 0 || ::dup2(opened, descriptor) < 0) ::_exit(126);
  ::close(opened);
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  return cells;
}

}  // namespace

Program::Program(const std::vector<std::string>& args) {
  std::vector<std::string> words = {HYENA_PROGRAM};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const fs::path out = streams_ / "out", err = streams_ / "err";
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  redirect(out, STDOUT_FILENO);
  redirect(err, STDERR_FILENO);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

Program::~Program() {
  if (reaped_) return;
  signal(SIGKILL);
  ::waitpid(pid_, &status_, 0);
}

void Program::signal(int number) const {
  ::kill(pid_, number);
}

bool Program::ended() {
  if (!reaped_) reaped_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return reaped_;
}

bool Program::wait_for(const std::string& text) {
  for (;;) {
    const bool last_look = ended();
    std::error_code absent;
    if (fs::exists(streams_ / "out", absent) &&
        read_file(streams_ / "out").find(text) != std::string::npos) {
      return true;
    }
    if (last_look) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Ended Program::wait() {
  if (!reaped_) ::waitpid(pid_, &status_, 0);
  reaped_ = true;
  Ended result;
  if (WIFEXITED(status_)) result.code = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) result.signal = WTERMSIG(status_);
  std::error_code absent;
  if (fs::exists(streams_ / "out", absent)) result.out = read_file(streams_ / "out");
  if (fs::exists(streams_ / "err", absent)) result.err = read_file(streams_ / "err");
  return result;
}

Ended hyena(const std::vector<std::string>& args) {
  return Program(args).wait();
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void write_mnist(const fs::path& folder, std::int64_t train, std::int64_t test) {
  constexpr std::uint32_t kSide = 16, kStripe = 4;
  std::mt19937 noise(7);
  const auto write = [&](const std::string& prefix, std::int64_t count) {
    const auto n = static_cast<std::uint32_t>(count);
    std::string pictures =
        std::string("\0\0\x08\x03", 4) + big_endian(n) + big_endian(kSide) + big_endian(kSide);
    std::string labels = std::string("\0\0\x08\x01", 4) + big_endian(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t label = i % 3;
      labels += static_cast<char>(label);
      for (std::uint32_t y = 0; y < kSide; ++y) {
        for (std::uint32_t x = 0; x < kSide; ++x) {
          const std::uint32_t stripe =
              (label == 1 ? 0 : x / kStripe) + (label == 0 ? 0 : y / kStripe);
          pictures += static_cast<char>(stripe % 2 * 150 + noise() % 100);
        }
      }
    }
    write_file(folder / (prefix + "-images-idx3-ubyte"), pictures);
    write_file(folder / (prefix + "-labels-idx1-ubyte"), labels);
  };
  write("train", train);
  write("t10k", test);
}

void write_cifar100(const fs::path& folder, std::int64_t train, std::int64_t test) {
  std::mt19937 noise(8);
  const auto write = [&](const std::string& name, std::int64_t count) {
    std::string bytes;
    for (std::int64_t i = 0; i < count; ++i) {
      bytes += '\0';
      bytes += static_cast<char>(10 * i % 100);
      for (int pixel = 0; pixel < 3 * 32 * 32; ++pixel) bytes += static_cast<char>(noise() & 255);
    }
    write_file(folder / name, bytes);
  };
  write("train.bin", train);
  write("test.bin", test);
}

std::string tensor_bytes(const fs::path& file) {
  const std::string bytes = read_file(file);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  return bytes.substr(sizeof header + header);
}

std::string csv_cell(const fs::path& file, std::size_t row, const std::string& column) {
  std::istringstream in(read_file(file));
  std::string line;
  std::getline(in, line);
  const auto header = cells_of(line);
  for (std::size_t i = 0; i <= row; ++i) {
    if (!std::getline(in, line)) throw std::runtime_error("too few lines in " + file.string());
  }
  const auto cells = cells_of(line);
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == column) return cells.at(i);
  }
  throw std::runtime_error("no column " + column + " in " + file.string());
}

std::vector<std::string> small_run(const fs::path& data, const fs::path& output) {
  return {"train",
          "--data",
          "mnist:" + data.string(),
          "--output",
          output.string(),
          "--model",
          "hyena_tiny_28",
          "--dim",
          "16",
          "--depth",
          "2",
          "--batch-size",
          "16",
          "--epochs",
          "2",
          "--lr",
          "5e-3",
          "--warmup-lr",
          "1e-4",
          "--threads",
          "1",
          "--device",
          "cpu"};
}

}  // namespace hyena::tests
