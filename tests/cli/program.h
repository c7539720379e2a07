#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/files.h"

namespace hyena::tests {

/// How a program ended and what it said.
struct Ended {
  int code = -1;   ///< exit status; -1 when a signal ended it
  int signal = 0;  ///< the signal that ended it, else 0
  std::string out, err;
};

/// The hyena program in a process of its own, on one thread.
class Program {
 public:
  explicit Program(const std::vector<std::string>& args);
  /// Kills what still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;
  pid_t id() const { return pid_; }
  bool ended();
  /// Waits until standard output holds `text`; false when the program ended without it.
  bool wait_for(const std::string& text);
  Ended wait();

 private:
  TemporaryFolder streams_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool reaped_ = false;
};

/// Runs the program to its end.
Ended hyena(const std::vector<std::string>& args);

/// `a` and then `b`.
std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b);

/// Writes an MNIST-like data set of 16 x 16 pictures into `folder`: stripes down, stripes across
/// and a chequerboard under noise, labels 0 to 2. Three models' worth of easy work.
void write_mnist(const std::filesystem::path& folder, std::int64_t train = 96,
                 std::int64_t test = 48);

/// Writes a CIFAR-100-like data set: `train` and `test` pictures of noise with labels 0, 10, 20 …
void write_cifar100(const std::filesystem::path& folder, std::int64_t train, std::int64_t test);

/// The tensors' bytes of a safetensors file, in the file's order, without its header.
std::string tensor_bytes(const std::filesystem::path& file);

/// A line of a CSV file's body under its header: value of `column` in row `row`, as written.
std::string csv_cell(const std::filesystem::path& file, std::size_t row, const std::string& column);

/// `train` with a model of a few thousand parameters on `data`, saving to `output`.
std::vector<std::string> small_run(const std::filesystem::path& data,
                                   const std::filesystem::path& output);

}  // namespace hyena::tests
