#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace hyena::backbone {

/// A file that appears whole or not at all: bytes go to a temporary name in the same folder;
/// commit() syncs and renames. Without commit() the temporary file is removed and the old file
/// stays. Every failure throws std::runtime_error that names the file and the system's reason ("No
/// space left on device"), and what stays intact.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

 private:
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Removes the temporary files that killed programs left in `folder`; those of programs that still
/// run stay. A folder that cannot be read is left alone.
void remove_abandoned_files(const std::filesystem::path& folder);

/// AtomicFile in one call.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

}  // namespace hyena::backbone
