#pragma once

#include <filesystem>
#include <string_view>

namespace hyena::train {

/// A log that only grows. Each append is one write to the system, so a killed program leaves at
/// most one cut record, the last. Failures throw std::runtime_error that names the file and the
/// reason.
class AppendFile {
 public:
  /// Opens `file` for appending and creates it when absent.
  explicit AppendFile(std::filesystem::path file);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view record);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace hyena::train
