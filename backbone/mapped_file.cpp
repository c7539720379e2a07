#include "backbone/mapped_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hyena::backbone {

std::string MappedFile::map(const std::filesystem::path& path) {
  const auto problem = [&](const char* doing, int error) {
    return "cannot " + std::string(doing) + " " + path.string() + ": " + std::strerror(error);
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return problem("open", errno);
  struct ::stat facts {};
  int error = ::fstat(descriptor, &facts) != 0 ? errno : 0;
  if (error == 0 && S_ISDIR(facts.st_mode)) error = EISDIR;
  if (error == 0 && !S_ISREG(facts.st_mode)) error = EINVAL;
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (error == 0 && size > 0) {
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapped == MAP_FAILED) {
      error = errno;
    } else {
      bytes_ = {static_cast<const char*>(mapped), size};
    }
  }
  ::close(descriptor);
  return error == 0 ? "" : problem("read", error);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace hyena::backbone
