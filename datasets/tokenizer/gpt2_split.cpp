#include "datasets/tokenizer/gpt2_split.h"

#include <array>

#include "datasets/tokenizer/character_class.h"
#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {
namespace {

constexpr std::array<CharacterClass, 128> ascii_classes() {
  std::array<CharacterClass, 128> classes{};
  for (std::size_t c = 0; c < 128; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) classes[c] = CharacterClass::kLetter;
    if (c >= '0' && c <= '9') classes[c] = CharacterClass::kNumber;
    if (c == ' ' || (c >= 9 && c <= 13)) classes[c] = CharacterClass::kSpace;
  }
  return classes;
}
constexpr auto kAscii = ascii_classes();

struct Character {
  CharacterClass kind;
  std::size_t length;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 128) return {kAscii[byte], 1};
  const Utf8 read = read_utf8(text, at);
  if (read.kind != Utf8::Kind::kCharacter) return {CharacterClass::kOther, 1};
  return {character_class(read.character), read.length};
}

/// The length of 's 't 'm 'd 're 've 'll at `at`, where an apostrophe stands, or 0.
std::size_t contraction(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at + 1, 2);
  if (rest.empty()) return 0;
  if (rest[0] == 's' || rest[0] == 't' || rest[0] == 'm' || rest[0] == 'd') return 2;
  return rest == "re" || rest == "ve" || rest == "ll" ? 3 : 0;
}

}  // namespace

std::size_t gpt2_piece_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'') {
    if (const std::size_t length = contraction(text, begin)) return begin + length;
  }
  // U+0020 alone of all white space goes with what follows it.
  std::size_t at = begin;
  if (text[at] == ' ' && at + 1 < text.size()) ++at;
  Character next = character_at(text, at);
  if (next.kind != CharacterClass::kSpace) {
    const CharacterClass kind = next.kind;
    do {
      at += next.length;
      if (at == text.size()) return at;
      next = character_at(text, at);
    } while (next.kind == kind);
    return at;
  }
  // White space but for its last character, which what follows takes or which stands alone.
  at = begin;
  next = character_at(text, at);
  std::size_t last = begin;
  while (next.kind == CharacterClass::kSpace) {
    last = at;
    at += next.length;
    if (at == text.size()) return at;
    next = character_at(text, at);
  }
  return last > begin ? last : at;
}

}  // namespace hyena::datasets
