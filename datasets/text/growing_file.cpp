#include "datasets/text/growing_file.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "datasets/dataset.h"

namespace hyena::datasets {

GrowingFile::GrowingFile(std::filesystem::path path) : path_(std::move(path)), part_(path_) {
  part_ += ".part";
  open(O_RDWR | O_CREAT | O_TRUNC);
}

GrowingFile::GrowingFile(std::filesystem::path path, std::uint64_t size)
    : path_(std::move(path)), part_(path_), size_(size) {
  part_ += ".part";
  if (!std::filesystem::exists(part_) && ::rename(path_.c_str(), part_.c_str()) != 0) {
    throw ReadError(part_.string() + " is gone, which an earlier run was writing; start anew in " +
                    "another folder");
  }
  open(O_RDWR);
  const auto found = std::filesystem::file_size(part_);
  if (found < size) {
    ::close(std::exchange(descriptor_, -1));
    throw ReadError(part_.string() + " has " + std::to_string(found) + " bytes, but " +
                    std::to_string(size) + " were saved; start anew in another folder");
  }
  if (::ftruncate(descriptor_, static_cast<::off_t>(size)) != 0) fail("shorten");
}

GrowingFile::~GrowingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void GrowingFile::open(int flags) {
  descriptor_ = ::open(part_.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("create");
}

void GrowingFile::fail(const char* doing) const {
  throw std::runtime_error("cannot " + std::string(doing) + " " + part_.string() + ": " +
                           std::strerror(errno));
}

void GrowingFile::append(const void* data, std::size_t bytes) {
  const std::uint64_t at = size_;
  size_ += bytes;
  put(at, data, bytes);
}

void GrowingFile::put(std::uint64_t offset, const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ::ssize_t written = ::pwrite(descriptor_, at, bytes, static_cast<::off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write");
    at += written;
    offset += static_cast<std::uint64_t>(written);
    bytes -= static_cast<std::size_t>(written);
  }
}

void GrowingFile::get(std::uint64_t offset, void* data, std::size_t bytes) const {
  char* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ::ssize_t got = ::pread(descriptor_, at, bytes, static_cast<::off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("read");
    at += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

void GrowingFile::sync() {
  if (::fsync(descriptor_) != 0) fail("sync");
}

void GrowingFile::commit() {
  sync();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("close");
  if (::rename(part_.c_str(), path_.c_str()) != 0) fail("rename");
  // The rename itself must survive a power cut too; a file system that refuses this is left alone.
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

void GrowingFile::discard() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  ::unlink(part_.c_str());
}

void replace_file(const std::filesystem::path& path, const std::string& text) {
  GrowingFile file(path);
  file.append(text.data(), text.size());
  file.commit();
}

}  // namespace hyena::datasets
