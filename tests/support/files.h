#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Where the tests find their data, and places to write to.
namespace hyena::tests {

/// Reference outputs: HYENA_GOLDEN_DIR, else ../shared/golden beside the repository.
std::filesystem::path golden_dir();

/// Real data: HYENA_DATA_DIR, else ../shared/data beside the repository.
std::filesystem::path data_dir();

/// The cases in a folder of golden_dir(): sorted stems of its *.safetensors files, or, with
/// `folders`, the names of its sub-folders that hold a config.json. Empty where the folder is
/// absent.
std::vector<std::string> golden_cases(const std::string& folder, bool folders = false);

/// A fresh folder, removed with everything in it at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& contents);

/// A case name as GoogleTest accepts it.
std::string test_name(std::string name);

}  // namespace hyena::tests

/// Skips the test with the reason when a folder of data is absent.
#define HYENA_REQUIRE_FOLDER(path)                                                             \
  do {                                                                                         \
    if (!std::filesystem::exists(path)) {                                                      \
      GTEST_SKIP() << (path).string() << " is absent; set HYENA_GOLDEN_DIR or HYENA_DATA_DIR"; \
    }                                                                                          \
  } while (false)
