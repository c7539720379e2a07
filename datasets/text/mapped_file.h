#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace hyena::datasets {

/// A file as memory that is read from the disk where it is looked at. The file must not become
/// shorter meanwhile.
class MappedFile {
 public:
  /// Throws ReadError that names the file and the system's reason, also for what is no plain file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::filesystem::path path_;
  std::span<const std::uint8_t> bytes_;
};

}  // namespace hyena::datasets
