#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace hyena::datasets {

/// A large file that is written over hours: under the name PATH.part until commit(), which syncs
/// and renames. A program that is killed leaves the .part, and another one goes on with it. Every
/// failure throws std::runtime_error that names the file and the system's reason.
class GrowingFile {
 public:
  /// Begins anew; a .part that is there is emptied.
  explicit GrowingFile(std::filesystem::path path);
  /// Goes on with what was saved at `size` bytes; what came later is cut off. A file that was
  /// committed since becomes a .part again. Throws ReadError where fewer bytes are there.
  GrowingFile(std::filesystem::path path, std::uint64_t size);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  void append(const void* data, std::size_t bytes);
  /// Replaces bytes at the begin, within size().
  void put(std::uint64_t offset, const void* data, std::size_t bytes);
  /// Copies bytes out, within size().
  void get(std::uint64_t offset, void* data, std::size_t bytes) const;
  void sync();
  void commit();
  /// Removes the .part.
  void discard();

 private:
  [[noreturn]] void fail(const char* doing) const;
  void open(int flags);

  std::filesystem::path path_;
  std::filesystem::path part_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// `text` as a file that appears whole or not at all.
void replace_file(const std::filesystem::path& path, const std::string& text);

}  // namespace hyena::datasets
