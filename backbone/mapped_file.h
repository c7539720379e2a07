#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace hyena::backbone {

/// A file's bytes, mapped for reading. Nothing is read before it is touched; the file must not be
/// cut short while it is mapped.
class MappedFile {
 public:
  /// Throws Error("cannot open FILE: reason") or Error("cannot read FILE: reason"); folders and
  /// devices are refused.
  template <class Error>
  static MappedFile open(const std::filesystem::path& path) {
    MappedFile file;
    if (const std::string problem = file.map(path); !problem.empty()) throw Error(problem);
    return file;
  }
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  std::string_view bytes() const { return bytes_; }

 private:
  /// What went wrong, empty where nothing did.
  std::string map(const std::filesystem::path& path);

  std::string_view bytes_;
};

}  // namespace hyena::backbone
