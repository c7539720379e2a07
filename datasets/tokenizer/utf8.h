#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hyena::datasets {

/// What stands at one place of a text that should be UTF-8.
struct Utf8 {
  enum class Kind {
    kCharacter,
    kInvalid,    ///< `length` bytes, 1 to 3, that begin no character whatever follows
    kTruncated,  ///< the text ends within a character that was good so far
  };
  Kind kind = Kind::kInvalid;
  std::size_t length = 1;  ///< in bytes
  char32_t character = 0;  ///< of kCharacter
};

/// Reads the character at `at` < text.size(). Surrogates, overlong forms and values past U+10FFFF
/// are invalid. An invalid sequence is as long as Unicode's "maximal subpart", which is what one
/// U+FFFD replaces (The Unicode Standard 15, section 3.9).
Utf8 read_utf8(std::string_view text, std::size_t at);

/// Whether all of a text is UTF-8.
bool is_utf8(std::string_view text);

/// Where a text can be cut in two so that both halves have the pieces and tokens of the whole: the
/// last place at or before `most` with a character that is no white space before it and ASCII white
/// space after it. 0: there is none. (gpt2_split.h: a piece ends where white space begins, and no
/// piece depends on what comes after such a place; Tokenizer::exact_at_word_ends() for the rest.)
std::size_t last_word_end(std::string_view text, std::size_t most);

/// Appends `character` < U+110000 as UTF-8.
void append_utf8(char32_t character, std::string& text);

/// Moves what is complete at the begin of `pending` to `out`, each invalid sequence as U+FFFD. What
/// stays in `pending` is the begin of a character, at most 3 bytes; with `last` nothing stays.
void drain_utf8(std::string& pending, std::string& out, bool last);

}  // namespace hyena::datasets
