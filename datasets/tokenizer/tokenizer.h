#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hyena::datasets {

using TokenId = std::uint32_t;

/// An id past the vocabulary, a special token where none may be, a character without a token.
/// what() names the id or the byte and what was expected. Files that cannot be read throw
/// ReadError.
class TokenError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A token that is no text: end of text, padding.
struct SpecialToken {
  std::string text;  ///< as it is written where it is allowed in text
  TokenId id = 0;
};

/// What the writing of a special token in a text means. Text of others must not be able to forge
/// the end of a document, so it is not a special token unless asked for.
enum class Specials {
  kAsText,  ///< text like any other
  kAllow,   ///< that token
  kRefuse,  ///< a TokenError that names it and its place
};

/// What a model expects around a text.
struct Frame {
  std::optional<TokenId> begin;
  std::optional<TokenId> end;
  std::optional<TokenId> pad;  ///< goes in front
};

/// Finds the first of a few strings in a text, of those that begin there the longest.
class SpecialFinder {
 public:
  SpecialFinder() = default;
  /// Empty texts are refused by a TokenError.
  explicit SpecialFinder(std::vector<SpecialToken> tokens);

  struct Match {
    std::size_t begin = 0;
    const SpecialToken* token = nullptr;  ///< null: none, and begin is the text's size
  };
  Match find(std::string_view text, std::size_t from) const;
  const std::vector<SpecialToken>& tokens() const { return tokens_; }

 private:
  std::vector<SpecialToken> tokens_;  // longest first
  std::array<bool, 256> first_{};     // bytes that begin one
};

/// Text to ids and back. Every byte of a text belongs to exactly one token, in order, so a token
/// begins where the one before it ends. All functions may be called from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids are 0 ... vocabulary_size() - 1.
  virtual std::size_t vocabulary_size() const = 0;
  /// What a token stands for; a token may hold a part of a character. Throws TokenError for an id
  /// past the vocabulary. Valid as long as the tokenizer.
  virtual std::string_view bytes(TokenId id) const = 0;
  virtual Frame frame() const { return {}; }

  const std::vector<SpecialToken>& specials() const { return specials_; }
  /// The token that stands between documents, where there is one.
  std::optional<TokenId> end_of_text() const;

  /// Appends the ids of `text`, any bytes; with `ends`, also each token's end in `text` in bytes.
  void encode(std::string_view text, std::vector<TokenId>& ids, Specials specials,
              std::vector<std::size_t>* ends = nullptr) const;
  std::vector<TokenId> encode(std::string_view text, Specials specials = Specials::kAsText) const;

  /// Whether a text cut where last_word_end() (utf8.h) says gives the ids of the whole, special
  /// tokens taken as text.
  bool exact_at_word_ends() const;

  /// The bytes of all tokens, one after the other, specials as they are written.
  std::string decode(std::span<const TokenId> ids) const;

 protected:
  /// `always` are matched in any text; `specials` where they are allowed.
  void set_specials(std::vector<SpecialToken> specials, std::vector<SpecialToken> always = {});
  [[noreturn]] void throw_past_vocabulary(TokenId id) const;

 private:
  /// Ids of a text without special tokens; ends as above, counted from the text's begin.
  virtual void encode_text(std::string_view text, std::vector<TokenId>& ids,
                           std::vector<std::size_t>* ends) const = 0;

  std::vector<SpecialToken> specials_;
  SpecialFinder always_;
  SpecialFinder only_specials_;
  SpecialFinder all_;
};

/// `ids` between the frame's tokens. `longest` > 0 cuts ids at the right so that all fits, frame
/// included, and fills up in front with `pad` where the frame has one. Throws TokenError where not
/// even the frame fits.
std::vector<TokenId> framed(std::span<const TokenId> ids, const Frame& frame,
                            std::size_t longest = 0);

}  // namespace hyena::datasets
