#include <array>
#include <cstddef>
#include <cstdio>
#include <string>

#include "inspect/figure/figure_text.h"

namespace hyena::inspect {
namespace {

/// Bytes of the UTF-8 character at `i`; 0: it is none.
std::size_t character_bytes(const std::string& text, std::size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  const std::size_t bytes = first < 0x80                    ? 1
                            : first >= 0xC2 && first < 0xE0 ? 2
                            : first >= 0xE0 && first < 0xF0 ? 3
                            : first >= 0xF0 && first < 0xF5 ? 4
                                                            : 0;
  if (bytes == 0 || i + bytes > text.size()) return 0;
  for (std::size_t j = 1; j < bytes; ++j) {
    if ((static_cast<unsigned char>(text[i + j]) & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

std::string escaped(char c) {
  std::array<char, 8> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "\\x%02x", static_cast<unsigned char>(c));
  return buffer.data();
}

}  // namespace

std::string visible_piece(const std::string& piece) {
  std::string shown;
  for (std::size_t i = 0; i < piece.size();) {
    const std::size_t bytes = character_bytes(piece, i);
    const char c = piece[i];
    if (bytes > 1) {
      shown += piece.substr(i, bytes);
    } else if (c == ' ') {
      shown += "·";
    } else if (c == '\n') {
      shown += "↵";
    } else if (c == '\t') {
      shown += "→";
    } else if (bytes == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      shown += escaped(c);
    } else {
      shown += c;
    }
    i += bytes == 0 ? 1 : bytes;
  }
  return shown;
}

}  // namespace hyena::inspect
