#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tokenizer/bpe_vocabulary.h"
#include "datasets/tokenizer/piece_cache.h"
#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

/// Pair of tokens -> its merge, a hash table with open addressing.
class MergeTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  explicit MergeTable(const std::vector<BpeMerge>& merges);

  struct Entry {
    std::uint64_t pair = ~std::uint64_t{0};
    std::uint32_t rank = kNone;  ///< 0 is merged first; kNone: no merge
    TokenId result = 0;
  };
  const Entry& find(TokenId left, TokenId right) const;

 private:
  std::uint64_t mask_;
  std::vector<Entry> entries_;
};

/// GPT-2's byte-level BPE: the text is split into pieces (gpt2_split.h), and in each piece the pair
/// of neighbours with the best rank is merged, the leftmost of equals first, until none is left.
/// Time grows as n log n with the length of a piece.
class ByteBpe final : public Tokenizer {
 public:
  explicit ByteBpe(BpeVocabulary vocabulary);

  std::size_t vocabulary_size() const override { return begins_.size() - 1; }
  std::string_view bytes(TokenId id) const override;

 private:
  void encode_text(std::string_view text, std::vector<TokenId>& ids,
                   std::vector<std::size_t>* ends) const override;
  void merge_piece(std::string_view piece, std::vector<TokenId>& ids) const;
  void merge_short(std::string_view piece, std::vector<TokenId>& ids) const;
  void merge_long(std::string_view piece, std::vector<TokenId>& ids) const;
  std::string_view token(std::size_t id) const {
    return std::string_view(all_bytes_).substr(begins_[id], begins_[id + 1] - begins_[id]);
  }
  void index_byte_pairs();
  void index_whole_pieces();
  const TokenId* find_whole(std::string_view piece) const;
  std::size_t short_slot(const PieceCache::Key& key) const;

  std::uint64_t number_ = 0;  // from 1, of all that were made; for caches of threads
  std::array<TokenId, 256> byte_ids_;
  MergeTable merges_;
  std::string all_bytes_;
  std::vector<std::size_t> begins_;  // of each token in all_bytes_, and the end
  // Of each pair of bytes, 256 first + second: the merge, so that the first look-ups of a piece
  // stay within a few lines of memory.
  struct BytePair {
    std::uint32_t rank = MergeTable::kNone;
    TokenId result = 0;
  };
  std::vector<BytePair> byte_pairs_;
  // Tokens that their own bytes merge to: most pieces of a text are one. Open addressing; the short
  // ones with all their bytes in the table, the others by a hash.
  struct Short {
    PieceCache::Key key{};
    TokenId id = 0;
  };
  std::vector<Short> short_;
  struct Whole {
    std::uint32_t check = 0;  // of the hash
    TokenId id = 0xFFFFFFFF;  // none
  };
  std::vector<Whole> whole_;
};

}  // namespace hyena::datasets
