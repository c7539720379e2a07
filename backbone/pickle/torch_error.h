#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hyena::backbone {

/// A PyTorch checkpoint that is not what it should be. what() is "FILE: byte N: reason"; N counts
/// from the start of the file.
class TorchFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void refuse_torch_file(const std::string& file, std::uint64_t at,
                                           const std::string& reason) {
  throw TorchFileError(file + ": byte " + std::to_string(at) + ": " + reason);
}

/// Bytes of a file as they may stand in a message: short, one line of printable ASCII.
inline std::string shown_bytes(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out = "'";
  for (const char c : text.substr(0, std::min(text.size(), kLongest))) {
    out += c < 32 || c > 126 ? '?' : c;
  }
  return out + (text.size() > kLongest ? "...'" : "'");
}

}  // namespace hyena::backbone
