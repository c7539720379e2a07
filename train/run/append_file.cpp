#include "train/run/append_file.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace hyena::train {

AppendFile::AppendFile(std::filesystem::path file) : path_(std::move(file)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw std::runtime_error("cannot open " + path_.string() + ": " + std::strerror(errno));
  }
}

AppendFile::~AppendFile() {
  ::close(descriptor_);
}

void AppendFile::append(std::string_view record) {
  while (!record.empty()) {
    const ::ssize_t written = ::write(descriptor_, record.data(), record.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      throw std::runtime_error(
          "cannot write " + path_.string() + ": " + std::strerror(error) +
          (error == ENOSPC || error == EDQUOT ? "; free some space and go on with --resume" : ""));
    }
    record.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace hyena::train
