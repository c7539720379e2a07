#include "datasets/text/json_text.h"

#include <array>
#include <optional>

#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {
namespace {

/// Bytes that end a run of plain characters in a string.
constexpr std::array<bool, 256> string_stops() {
  std::array<bool, 256> stops{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) stops[byte] = true;
  stops['"'] = stops['\\'] = true;
  return stops;
}
constexpr auto kStops = string_stops();

class Record {
 public:
  Record(std::string_view line, std::string_view field) : line_(line), field_(field) {}

  std::string read() {
    space();
    if (peek() != '{') fail("a record is a JSON object");
    object(0);
    space();
    if (at_ < line_.size()) fail("more behind the object");
    if (!text_) fail("the object has no '" + std::string(field_) + "'");
    return std::move(*text_);
  }

 private:
  static constexpr int kDeepest = 64;

  [[noreturn]] void fail(const std::string& reason) const {
    throw JsonFault("column " + std::to_string(at_ + 1) + ": " + reason);
  }
  /// The byte here, or 0 at the end, which no rule expects.
  char peek() const { return at_ < line_.size() ? line_[at_] : '\0'; }
  void expect(char byte) {
    if (peek() != byte) {
      fail(at_ == line_.size() ? "the record ends too early"
                               : std::string("'") + byte + "' was expected");
    }
    ++at_;
  }
  void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  void object(int depth) {
    expect('{');
    space();
    if (peek() == '}') {
      ++at_;
      return;
    }
    for (std::string key;; ++at_) {
      space();
      key.clear();
      string(&key);
      space();
      expect(':');
      space();
      if (depth == 0 && key == field_) {
        if (text_) fail("'" + key + "' appears twice");
        if (peek() != '"') fail("'" + key + "' is not a string");
        string(&text_.emplace());
      } else {
        value(depth + 1);
      }
      space();
      if (peek() != ',') break;
    }
    expect('}');
  }

  void array(int depth) {
    expect('[');
    space();
    if (peek() == ']') {
      ++at_;
      return;
    }
    for (;; ++at_) {
      space();
      value(depth + 1);
      space();
      if (peek() != ',') break;
    }
    expect(']');
  }

  void value(int depth) {
    if (depth > kDeepest) fail("more than " + std::to_string(kDeepest) + " levels");
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string(nullptr);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  void word(std::string_view name) {
    if (line_.substr(at_, name.size()) != name) fail("no JSON value");
    at_ += name.size();
  }

  void digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    if (at_ == begin) fail("no JSON value");
  }
  void number() {
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else {
      digits();
    }
    if (peek() == '.') {
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
  }

  /// Into `out`, or nowhere.
  void string(std::string* out) {
    expect('"');
    for (;;) {
      const std::size_t begin = at_;
      while (at_ < line_.size() && !kStops[static_cast<unsigned char>(line_[at_])]) ++at_;
      if (out != nullptr) out->append(line_, begin, at_ - begin);
      if (at_ == line_.size()) fail("a string does not end");
      if (line_[at_] == '"') break;
      if (line_[at_] != '\\') fail("a control character in a string");
      ++at_;
      escape(out);
    }
    ++at_;
  }

  void escape(std::string* out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
    const char letter = peek();
    const std::size_t known = kLetters.find(letter);
    if (letter != 'u' && (known == std::string_view::npos || letter == '\0')) {
      fail("an unknown escape");
    }
    ++at_;
    if (letter != 'u') {
      if (out != nullptr) *out += kMeaning[known];
      return;
    }
    char32_t character = four_digits();
    if (character >= 0xD800 && character < 0xDC00 && line_.substr(at_, 2) == "\\u") {
      const std::size_t after = at_;
      at_ += 2;
      const char32_t low = four_digits();
      if (low >= 0xDC00 && low < 0xE000) {
        character = 0x10000 + ((character - 0xD800) << 10U) + (low - 0xDC00);
      } else {
        at_ = after;  // a character of its own
      }
    }
    if (character >= 0xD800 && character < 0xE000) character = 0xFFFD;
    if (out != nullptr) append_utf8(character, *out);
  }

  char32_t four_digits() {
    char32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char digit = peek();
      if (digit >= '0' && digit <= '9') {
        value = value * 16 + static_cast<char32_t>(digit - '0');
      } else if ((digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F')) {
        value = value * 16 + static_cast<char32_t>((digit | 0x20) - 'a' + 10);
      } else {
        fail("four hexadecimal digits were expected");
      }
      ++at_;
    }
    return value;
  }

  std::string_view line_;
  std::string_view field_;
  std::size_t at_ = 0;
  std::optional<std::string> text_;
};

}  // namespace

std::string json_text(std::string_view line, std::string_view field) {
  return Record(line, field).read();
}

}  // namespace hyena::datasets
