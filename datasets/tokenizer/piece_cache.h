#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

/// The ids of short pieces that were met lately: most pieces of a text come again, and a hit
/// touches one place of memory where a look-up and the merges touch many. For one thread.
class PieceCache {
 public:
  static constexpr std::size_t kLongest = 15;  ///< bytes of a piece
  static constexpr std::size_t kMostIds = 3;

  using Key = std::array<std::uint64_t, 2>;  ///< the bytes, zeros, and the length in the last byte
  struct Entry {
    Key key{};
    std::array<TokenId, kMostIds> ids{};
    std::uint32_t count = 0;
  };

  /// Must come before all else.
  void clear() { entries_.assign(std::size_t{1} << kBits, {}); }

  /// Of the piece text[begin, begin + length), 0 < length <= kLongest.
  static Key key(std::string_view text, std::size_t begin, std::size_t length) {
    Key words{};
    if (text.size() - begin >= sizeof words) {
      std::memcpy(words.data(), text.data() + begin, sizeof words);
      const auto below = [](std::size_t bytes) {
        return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
      };
      words[0] &= below(length);
      words[1] &= length > 8 ? below(length - 8) : 0;
    } else {
      std::memcpy(words.data(), text.data() + begin, length);
    }
    words[1] |= std::uint64_t{length} << 56U;
    return words;
  }
  /// Where the ids of a piece are if they are kept: of the piece with the key that stands there.
  Entry& at(const Key& words) { return entries_[hash(words) >> (64 - kBits)]; }
  /// Its upper half is the better one.
  static std::uint64_t hash(const Key& words) {
    return (words[0] ^ words[1] * 0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93;
  }

 private:
  static constexpr unsigned kBits = 16;  // 2 MiB

  std::vector<Entry> entries_;
};

}  // namespace hyena::datasets
