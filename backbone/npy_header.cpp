#include "backbone/npy_header.h"

namespace hyena::backbone {

std::string npy_header(std::string_view type, std::span<const std::int64_t> shape) {
  std::string sizes;
  for (const std::int64_t size : shape) sizes += std::to_string(size) + ",";
  std::string header =
      "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
  // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  const auto length = static_cast<unsigned>(header.size());
  std::string start = "\x93NUMPY";
  start += {'\1', '\0', static_cast<char>(length & 255), static_cast<char>(length >> 8)};
  return start + header;
}

}  // namespace hyena::backbone
