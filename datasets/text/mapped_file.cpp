#include "datasets/text/mapped_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/dataset.h"

namespace hyena::datasets {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const auto fail = [&](const char* doing) {
    return ReadError(path.string() + " cannot be " + doing + ": " + std::strerror(errno));
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw fail("opened");
  struct stat status {};
  void* at = nullptr;
  bool failed = ::fstat(descriptor, &status) != 0;
  if (!failed && !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    throw ReadError(path.string() + " is not a plain file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (!failed && size > 0) {  // nothing cannot be mapped
    at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    failed = at == MAP_FAILED;
  }
  const auto error = failed ? fail("mapped") : ReadError("");
  ::close(descriptor);
  if (failed) throw error;
  bytes_ = {static_cast<const std::uint8_t*>(at), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

}  // namespace hyena::datasets
