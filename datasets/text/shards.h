#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/text/token_source.h"

namespace hyena::datasets {

enum class TextSplit { kTrain, kValid, kTest };

/// "train", "valid" or "test".
const char* split_name(TextSplit split);
/// The reverse. Throws ReadError that lists them.
TextSplit split_of(const std::string& name);

/// Writes one shard. Until commit() everything lies under temporary names (growing_file.h); a
/// writer that is destroyed before leaves them, so that save() of a killed program can be gone on
/// from. Failures throw std::runtime_error that names the file and the system's reason.
class ShardWriter {
 public:
  virtual ~ShardWriter() = default;

  /// Appends tokens of the document under way. Ids are below the vocabulary that was given.
  virtual void append(std::span<const TokenId> ids) = 0;
  /// The document under way ends; one without tokens is not counted.
  virtual void end_document() = 0;
  virtual std::uint64_t tokens() const = 0;

  /// Brings everything to the disk. Returns what ShardFormat::resume needs to go on from here, a
  /// few numbers.
  virtual std::vector<std::uint64_t> save() = 0;
  /// Headers, sync, final names.
  virtual void commit() = 0;
};

/// A way to store tokens in files. To add one: a file of its own, a line in shard_registry.cpp.
struct ShardFormat {
  std::string name;                      ///< what stands before the colon in a specification
  std::string help;                      ///< one line
  std::string extension;                 ///< of the file that is opened: ".bin", ".idx"
  std::uint64_t largest_vocabulary = 0;  ///< that can be stored
  bool keeps_documents = false;          ///< a document must lie in one shard

  /// Maps a file into memory and checks all that its size, header and index promise. Throws
  /// ReadError: file, byte, reason. `vocabulary`: see TokenSource; 0: whatever the file can hold.
  std::function<std::shared_ptr<const TokenSource>(const std::filesystem::path& file,
                                                   std::uint64_t vocabulary)>
      open;
  /// A new shard, which will be `file`. Leftovers of an earlier one are overwritten.
  std::function<std::unique_ptr<ShardWriter>(const std::filesystem::path& file,
                                             std::uint64_t vocabulary)>
      create;
  /// The shard as it was when save() returned `saved`; what was written later is cut off, also of
  /// one that was committed. Throws ReadError where less is there than was saved.
  std::function<std::unique_ptr<ShardWriter>(const std::filesystem::path& file,
                                             std::uint64_t vocabulary,
                                             const std::vector<std::uint64_t>& saved)>
      resume;
};

const std::vector<ShardFormat>& shard_registry();

/// By name. Throws ReadError that lists the known ones.
const ShardFormat& find_shard_format(const std::string& name);

/// "FORMAT:PATH", PATH a shard or a folder of them, in the order of their names. Of a folder those
/// count whose name has "train", "val" or "test" in it, as the split asks; where no name has any of
/// these, all are for training. `vocabulary` as in ShardFormat. Throws ReadError.
std::shared_ptr<const TokenSource> open_token_shards(const std::string& spec, TextSplit split,
                                                     std::uint64_t vocabulary = 0);

// The entries; each file of this folder that ends in one adds a line to shard_registry.cpp.
ShardFormat llmc_format();
ShardFormat megatron_format();
ShardFormat nanogpt_format();

}  // namespace hyena::datasets
