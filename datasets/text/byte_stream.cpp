#include "datasets/text/byte_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/dataset.h"

namespace hyena::datasets {
namespace {

class FileStream final : public ByteStream {
 public:
  explicit FileStream(const std::filesystem::path& path) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("opened");
    struct stat status {};
    if (::fstat(descriptor_, &status) == 0 && S_ISDIR(status.st_mode)) {
      ::close(descriptor_);
      throw ReadError(path.string() + " is a folder, not a file");
    }
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~FileStream() override { ::close(descriptor_); }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  /// The first bytes, at most 8, which read() gives again: a pipe cannot be rewound.
  std::span<const char> begin() {
    while (ahead_count_ < ahead_.size()) {
      const std::size_t got = read_on(std::span(ahead_).subspan(ahead_count_));
      if (got == 0) break;
      ahead_count_ += got;
    }
    at_ = 0;
    return std::span(ahead_).first(ahead_count_);
  }
  std::size_t read(std::span<char> out) override {
    if (ahead_given_ == ahead_count_) return read_on(out);
    const std::size_t count = std::min(out.size(), ahead_count_ - ahead_given_);
    std::copy_n(ahead_.data() + ahead_given_, count, out.data());
    ahead_given_ += count;
    at_ += count;
    return count;
  }
  std::uint64_t bytes_read() const override { return at_; }
  bool seek(std::uint64_t byte) override {
    if (::lseek(descriptor_, static_cast<::off_t>(byte), SEEK_SET) < 0) return false;  // a pipe
    ahead_given_ = ahead_count_;
    at_ = byte;
    return true;
  }

 private:
  std::size_t read_on(std::span<char> out) {
    for (;;) {
      const ::ssize_t got = ::read(descriptor_, out.data(), out.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read");
      at_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
  }
  [[noreturn]] void fail(const char* done) const {
    throw ReadError(path_.string() + " cannot be " + done + ": " + std::strerror(errno));
  }

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t at_ = 0;
  std::array<char, 8> ahead_{};
  std::size_t ahead_count_ = 0;
  std::size_t ahead_given_ = 0;
};

}  // namespace

std::unique_ptr<ByteStream> open_byte_stream(const std::filesystem::path& path) {
  auto file = std::make_unique<FileStream>(path);
  const std::span<const char> begin = file->begin();
  for (const Packing& packing : {gzip_packing(), zstandard_packing()}) {
    if (packing.is_it(begin)) {
      return packing.unpack(std::move(file), path.string());
    }
  }
  return file;
}

}  // namespace hyena::datasets
