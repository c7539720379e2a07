#include "datasets/tokenizer/character_class.h"

#include <memory>

#include <unicode/uchar.h>

namespace hyena::datasets {
namespace {

constexpr char32_t kCodePoints = 0x110000;

/// Two bits a code point, 278 KB: a look-up costs one load, ICU's own two calls.
class ClassTable {
 public:
  ClassTable() {
    u_enumCharTypes(
        [](const void* context, UChar32 begin, UChar32 end, UCharCategory category) -> UBool {
          const auto mask = U_MASK(category);
          auto kind = CharacterClass::kOther;
          if ((mask & U_GC_L_MASK) != 0) kind = CharacterClass::kLetter;
          if ((mask & U_GC_N_MASK) != 0) kind = CharacterClass::kNumber;
          if (kind == CharacterClass::kOther) return true;
          auto* bits = static_cast<std::uint8_t*>(const_cast<void*>(context));
          for (auto c = static_cast<char32_t>(begin); c < static_cast<char32_t>(end); ++c) {
            put(bits, c, kind);
          }
          return true;
        },
        bits_.get());
    // White space lies in several categories, all of it below U+3001.
    for (char32_t c = 0; c < 0x10000; ++c) {
      if (u_isUWhiteSpace(static_cast<UChar32>(c))) put(bits_.get(), c, CharacterClass::kSpace);
    }
  }

  CharacterClass operator[](char32_t c) const {
    return static_cast<CharacterClass>(bits_[c / 4] >> (c % 4 * 2) & 3U);
  }

 private:
  static void put(std::uint8_t* bits, char32_t c, CharacterClass kind) {
    bits[c / 4] =
        static_cast<std::uint8_t>(bits[c / 4] | static_cast<unsigned>(kind) << (c % 4 * 2));
  }

  std::unique_ptr<std::uint8_t[]> bits_ = std::make_unique<std::uint8_t[]>(kCodePoints / 4);
};

}  // namespace

CharacterClass character_class(char32_t character) {
  static const ClassTable table;
  return table[character];
}

}  // namespace hyena::datasets
