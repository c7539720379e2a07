#include "datasets/file_bytes.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/dataset.h"

namespace hyena::datasets {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int descriptor, int error) {
  if (descriptor >= 0) ::close(descriptor);
  throw ReadError(path.string() + ": cannot read: " + std::strerror(error));
}

}  // namespace

void read_whole_file(const std::filesystem::path& path, std::vector<std::uint8_t>& bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, descriptor, errno);
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) fail(path, descriptor, errno);
  if (!S_ISREG(status.st_mode)) fail(path, descriptor, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  bytes.resize(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ::ssize_t got = ::read(descriptor, bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, descriptor, errno);
    if (got == 0) break;  // it became shorter while we read; the parser will say so
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  ::close(descriptor);
}

}  // namespace hyena::datasets
