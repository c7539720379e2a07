#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "datasets/text/corpus.h"

namespace hyena::datasets {

/// The shards of one name.
struct ShardSeries {
  std::uint64_t finished = 0;         ///< shards that were committed
  std::uint64_t tokens = 0;           ///< in all, also of the shard under way
  std::vector<std::uint64_t> writer;  ///< of the shard under way, ShardWriter::save(); empty: none
};

/// pack.json: what is packed and how far it is.
struct PackState {
  nlohmann::json packed;  ///< whatever determines the result
  CorpusPosition position;
  CorpusCounts counts;
  ShardSeries main;
  ShardSeries validation;
  bool complete = false;

  std::string text() const;
};

/// Reads pack.json of a folder into `state`; false where there is none. Throws ReadError that names
/// the file for what is broken, and for one whose `packed` differs from `state`'s.
bool read_pack_state(const std::filesystem::path& file, PackState& state);

/// Keeps other programs out of a folder as long as it lives.
class FolderLock {
 public:
  /// Throws ReadError where another program has it.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace hyena::datasets
