#include "train/run/run_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

#include <unistd.h>

namespace hyena::train {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const fs::path& folder, const std::string& reason) {
  throw std::runtime_error("cannot write to the run folder " + folder.string() + ": " + reason +
                           "; choose another with --output");
}

}  // namespace

RunFolder::RunFolder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) refuse(folder_, error.message());
  if (!fs::is_directory(folder_, error)) refuse(folder_, std::strerror(ENOTDIR));
  // Permissions do not tell everything (root, read-only mounts): try it.
  std::string probe = (folder_ / ".write-test-XXXXXX").string();
  const int descriptor = ::mkstemp(probe.data());
  if (descriptor < 0) refuse(folder_, std::strerror(errno));
  ::close(descriptor);
  ::unlink(probe.c_str());
}

RunFolder RunFolder::create(const fs::path& parent, const std::string& model,
                            std::int64_t image_size) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
  std::string name = model;
  for (char& c : name) {
    if (c == '/' || c == ' ') c = '_';
  }
  const std::string stem = std::string(stamp) + "-" + name + "-" + std::to_string(image_size);
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) refuse(parent, error.message());
  for (int n = 0;; ++n) {
    const fs::path folder = parent / (n == 0 ? stem : stem + "-" + std::to_string(n));
    // create_directory is the test: of two programs only one makes it.
    if (fs::create_directory(folder, error)) return RunFolder(folder);
    if (error) refuse(folder, error.message());
  }
}

}  // namespace hyena::train
