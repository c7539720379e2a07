#pragma once

#include <cstdint>

namespace hyena::datasets {

/// The four classes that GPT-2's splitting knows.
enum class CharacterClass : std::uint8_t {
  kOther,   ///< also a byte that is no UTF-8
  kLetter,  ///< Unicode's general category L, \p{L}
  kNumber,  ///< N, \p{N}
  kSpace,   ///< the property White_Space, \s
};

/// Of a code point below U+110000. Classes are those of the ICU that the program was built with;
/// Unicode versions differ in code points that were unassigned before.
CharacterClass character_class(char32_t character);

}  // namespace hyena::datasets
