#include "datasets/tokenizer/byte_bpe.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include <queue>

#include "datasets/tokenizer/gpt2_split.h"

namespace hyena::datasets {
namespace {

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio
constexpr std::size_t kShort = 48;  // bytes up to which searching all pairs is cheaper than a heap

std::uint64_t mix(std::uint64_t value) {
  value *= kMultiplier;
  return value ^ value >> 32U;
}

template <class T>
std::uint64_t load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

std::uint64_t hash_of(std::string_view piece) {
  const char* at = piece.data();
  std::size_t left = piece.size();
  std::uint64_t hash = left;
  for (; left > 8; at += 8, left -= 8) hash = mix(hash ^ load<std::uint64_t>(at));
  // The tail by two loads that may overlap.
  if (left >= 4) {
    hash ^= load<std::uint32_t>(at) | load<std::uint32_t>(at + left - 4) << 32U;
  } else if (left > 0) {
    hash ^= load<std::uint8_t>(at) << 8U | load<std::uint8_t>(at + left / 2) << 16U |
            load<std::uint8_t>(at + left - 1) << 24U;
  }
  return mix(mix(hash));
}

/// Of the tokenizer with that number; another one's is forgotten.
PieceCache& this_threads_cache(std::uint64_t number) {
  thread_local std::uint64_t owner = 0;
  thread_local PieceCache cache;
  if (owner != number) {
    cache.clear();
    owner = number;
  }
  return cache;
}

}  // namespace

MergeTable::MergeTable(const std::vector<BpeMerge>& merges)
    : mask_(std::bit_ceil(2 * merges.size() + 2) - 1), entries_(mask_ + 1) {
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const BpeMerge& merge = merges[rank];
    auto& entry = const_cast<Entry&>(find(merge.left, merge.right));
    entry = {std::uint64_t{merge.left} << 32U | merge.right, static_cast<std::uint32_t>(rank),
             merge.result};
  }
}

const MergeTable::Entry& MergeTable::find(TokenId left, TokenId right) const {
  const std::uint64_t pair = std::uint64_t{left} << 32U | right;
  std::uint64_t slot = mix(pair) & mask_;
  while (entries_[slot].pair != pair && entries_[slot].rank != kNone) slot = (slot + 1) & mask_;
  return entries_[slot];
}

ByteBpe::ByteBpe(BpeVocabulary vocabulary)
    : byte_ids_(vocabulary.byte_ids), merges_(vocabulary.merges), begins_{0} {
  for (const std::string& bytes : vocabulary.tokens) {
    all_bytes_ += bytes;
    begins_.push_back(all_bytes_.size());
  }
  static std::atomic<std::uint64_t> tokenizers{0};
  number_ = ++tokenizers;
  set_specials(std::move(vocabulary.specials), std::move(vocabulary.always));
  index_byte_pairs();
  index_whole_pieces();
}

std::string_view ByteBpe::bytes(TokenId id) const {
  if (id >= vocabulary_size()) throw_past_vocabulary(id);
  return token(id);
}

void ByteBpe::index_byte_pairs() {
  byte_pairs_.resize(std::size_t{1} << 16U);
  for (std::size_t pair = 0; pair < byte_pairs_.size(); ++pair) {
    const auto& entry = merges_.find(byte_ids_[pair >> 8U], byte_ids_[pair & 255U]);
    byte_pairs_[pair] = {entry.rank, entry.result};
  }
}

/// Where a short token stands, or the empty place where it would.
std::size_t ByteBpe::short_slot(const PieceCache::Key& key) const {
  std::size_t slot = PieceCache::hash(key) >> 32U & (short_.size() - 1);
  while (short_[slot].key != key && short_[slot].key != PieceCache::Key{}) {
    slot = (slot + 1) & (short_.size() - 1);
  }
  return slot;
}

void ByteBpe::index_whole_pieces() {
  short_.resize(std::bit_ceil(2 * vocabulary_size() + 2));
  whole_.resize(std::bit_ceil(2 * vocabulary_size() + 2));
  std::vector<TokenId> ids;
  for (TokenId id = 0; id < vocabulary_size(); ++id) {
    ids.clear();
    merge_piece(token(id), ids);
    if (ids.size() != 1 || ids[0] != id) continue;
    if (!token(id).empty() && token(id).size() <= PieceCache::kLongest) {
      const auto key = PieceCache::key(token(id), 0, token(id).size());
      short_[short_slot(key)] = {key, id};
      continue;
    }
    const std::uint64_t hash = hash_of(token(id));
    std::size_t slot = hash & (whole_.size() - 1);
    while (whole_[slot].id != 0xFFFFFFFF) slot = (slot + 1) & (whole_.size() - 1);
    whole_[slot] = {static_cast<std::uint32_t>(hash >> 32U), id};
  }
}

const TokenId* ByteBpe::find_whole(std::string_view piece) const {
  const std::uint64_t hash = hash_of(piece);
  std::size_t slot = hash & (whole_.size() - 1);
  for (; whole_[slot].id != 0xFFFFFFFF; slot = (slot + 1) & (whole_.size() - 1)) {
    if (whole_[slot].check == static_cast<std::uint32_t>(hash >> 32U) &&
        token(whole_[slot].id) == piece) {
      return &whole_[slot].id;
    }
  }
  return nullptr;
}

void ByteBpe::encode_text(std::string_view text, std::vector<TokenId>& ids,
                          std::vector<std::size_t>* ends) const {
  const std::size_t first = ids.size();
  // English has a token for each 3 to 5 bytes. At least doubled: a caller may append many texts.
  if (ids.capacity() - first < text.size() / 4) {
    ids.reserve(std::max(2 * ids.capacity(), first + text.size() / 4));
  }
  PieceCache& cache = this_threads_cache(number_);
  std::array<TokenId, 1024> ready;  // all ids of an entry are copied, then counted: no branch
  std::size_t count = 0;
  const auto flush = [&] {
    ids.insert(ids.end(), ready.data(), ready.data() + count);
    count = 0;
  };
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = gpt2_piece_end(text, begin);
    const std::size_t length = end - begin;
    PieceCache::Entry* entry = nullptr;
    PieceCache::Key key{};
    if (length <= PieceCache::kLongest) {
      key = PieceCache::key(text, begin, length);
      entry = &cache.at(key);
      if (entry->key == key) {
        if (count + PieceCache::kMostIds > ready.size()) flush();
        std::copy_n(entry->ids.data(), PieceCache::kMostIds, ready.data() + count);
        count += entry->count;
        continue;
      }
    }
    if (entry != nullptr) {
      const Short& whole = short_[short_slot(key)];
      if (whole.key == key) {
        *entry = {key, {whole.id}, 1};
        if (count == ready.size()) flush();
        ready[count++] = whole.id;
        continue;
      }
    }
    flush();
    const std::size_t before = ids.size();
    if (const TokenId* id = entry == nullptr ? find_whole(text.substr(begin, length)) : nullptr) {
      ids.push_back(*id);
    } else {
      merge_piece(text.substr(begin, length), ids);
    }
    if (entry != nullptr && ids.size() - before <= PieceCache::kMostIds) {
      entry->key = key;
      entry->count = static_cast<std::uint32_t>(ids.size() - before);
      std::copy(ids.begin() + static_cast<std::ptrdiff_t>(before), ids.end(), entry->ids.begin());
    }
  }
  flush();
  if (ends == nullptr) return;
  std::size_t end = 0;
  for (std::size_t i = first; i < ids.size(); ++i) ends->push_back(end += token(ids[i]).size());
}

void ByteBpe::merge_piece(std::string_view piece, std::vector<TokenId>& ids) const {
  if (piece.size() <= kShort) {
    merge_short(piece, ids);
  } else if (piece.size() < 0xFFFFFFFF) {
    merge_long(piece, ids);
  } else {
    throw TokenError("a word of " + std::to_string(piece.size()) +
                     " bytes; at most 4294967294 can be encoded at once");
  }
}

void ByteBpe::merge_short(std::string_view piece, std::vector<TokenId>& ids) const {
  // Of each token: its id, and rank and result of the merge with the one after it.
  std::array<TokenId, kShort> id;
  std::array<std::uint32_t, kShort> rank;
  std::array<TokenId, kShort> result;
  std::size_t count = piece.size();
  const auto look_up = [&](std::size_t i) {
    const MergeTable::Entry& entry = merges_.find(id[i], id[i + 1]);
    rank[i] = entry.rank;
    result[i] = entry.result;
  };
  for (std::size_t i = 0; i < count; ++i) id[i] = byte_ids_[static_cast<unsigned char>(piece[i])];
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const BytePair& pair = byte_pairs_[static_cast<unsigned char>(piece[i]) << 8U |
                                       static_cast<unsigned char>(piece[i + 1])];
    rank[i] = pair.rank;
    result[i] = pair.result;
  }
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (rank[i] < rank[best]) best = i;
    }
    if (rank[best] == MergeTable::kNone) break;
    id[best] = result[best];
    --count;
    for (std::size_t i = best + 1; i < count; ++i) {
      id[i] = id[i + 1];
      rank[i] = rank[i + 1];  // the last one's is not read
      result[i] = result[i + 1];
    }
    if (best + 1 < count) look_up(best);
    if (best > 0) look_up(best - 1);
  }
  ids.insert(ids.end(), id.begin(), id.begin() + static_cast<std::ptrdiff_t>(count));
}

void ByteBpe::merge_long(std::string_view piece, std::vector<TokenId>& ids) const {
  struct Node {
    TokenId id;
    std::uint32_t rank;  // of the merge with the next node
    std::uint32_t previous;
    std::uint32_t next;
  };
  const auto size = static_cast<std::uint32_t>(piece.size());
  std::vector<Node> nodes(size);
  // Rank above, place below: the smallest is the leftmost of the best. Entries whose node has
  // another rank by now are passed over.
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> queue;
  const auto rank = [&](std::uint32_t at) {
    Node& node = nodes[at];
    node.rank =
        node.next < size ? merges_.find(node.id, nodes[node.next].id).rank : MergeTable::kNone;
    if (node.rank != MergeTable::kNone) queue.push(std::uint64_t{node.rank} << 32U | at);
  };
  for (std::uint32_t i = 0; i < size; ++i) {
    nodes[i] = {byte_ids_[static_cast<unsigned char>(piece[i])], MergeTable::kNone, i - 1, i + 1};
  }
  for (std::uint32_t i = 0; i < size; ++i) rank(i);
  while (!queue.empty()) {
    const auto at = static_cast<std::uint32_t>(queue.top());
    const auto best = static_cast<std::uint32_t>(queue.top() >> 32U);
    queue.pop();
    Node& node = nodes[at];
    if (node.rank != best) continue;
    Node& gone = nodes[node.next];
    node.id = merges_.find(node.id, gone.id).result;
    gone.rank = MergeTable::kNone;
    node.next = gone.next;
    if (node.next < size) nodes[node.next].previous = at;
    rank(at);
    if (at > 0) rank(node.previous);
  }
  for (std::uint32_t i = 0; i < size; i = nodes[i].next) ids.push_back(nodes[i].id);
}

}  // namespace hyena::datasets
