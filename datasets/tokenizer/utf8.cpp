#include "datasets/tokenizer/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "datasets/tokenizer/character_class.h"

namespace hyena::datasets {

Utf8 read_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {Utf8::Kind::kCharacter, 1, lead};
  std::size_t length = 0;
  // The second byte's range tells overlong forms, surrogates and what is past U+10FFFF.
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  char32_t value = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    value = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    value = lead & 0x0FU;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    value = lead & 0x07U;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {Utf8::Kind::kInvalid, 1, 0};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i == text.size()) return {Utf8::Kind::kTruncated, i, 0};
    if (byte(i) < low || byte(i) > high) return {Utf8::Kind::kInvalid, i, 0};
    value = value << 6U | (byte(i) & 0x3FU);
    low = 0x80;
    high = 0xBF;
  }
  return {Utf8::Kind::kCharacter, length, value};
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::uint64_t eight = 0;
    if (text.size() - at >= sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080U) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    const Utf8 read = read_utf8(text, at);
    if (read.kind != Utf8::Kind::kCharacter) return false;
    at += read.length;
  }
  return true;
}

std::size_t last_word_end(std::string_view text, std::size_t most) {
  const auto ascii_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  for (std::size_t at = text.empty() ? 0 : std::min(most, text.size() - 1); at > 0; --at) {
    if (!ascii_space(text[at]) || ascii_space(text[at - 1])) continue;
    // A character is found from either end: no byte of one begins another.
    for (std::size_t length = 1; length <= std::min<std::size_t>(4, at); ++length) {
      const Utf8 read = read_utf8(text, at - length);
      if (read.kind != Utf8::Kind::kCharacter || read.length != length) continue;
      if (character_class(read.character) != CharacterClass::kSpace) return at;
      break;
    }
  }
  return 0;
}

void append_utf8(char32_t character, std::string& text) {
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80U | (character >> shift & 0x3FU));
  };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xC0U | character >> 6U);
    tail(0);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xE0U | character >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | character >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

void drain_utf8(std::string& pending, std::string& out, bool last) {
  std::size_t at = 0;
  while (at < pending.size()) {
    const Utf8 next = read_utf8(pending, at);
    if (next.kind == Utf8::Kind::kTruncated && !last) break;
    if (next.kind == Utf8::Kind::kCharacter) {
      out.append(pending, at, next.length);
    } else {
      append_utf8(0xFFFD, out);
    }
    at += next.length;
  }
  pending.erase(0, at);
}

}  // namespace hyena::datasets
