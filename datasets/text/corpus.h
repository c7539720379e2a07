#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/text/shards.h"

namespace hyena::datasets {

/// Where a reader stands between two parts: enough to go on exactly.
struct CorpusPosition {
  std::uint64_t file = 0;     ///< index of the file
  std::uint64_t offset = 0;   ///< where the document begins in the file's text, unpacked
  std::uint64_t record = 0;   ///< lines before it
  std::uint64_t inside = 0;   ///< bytes of the document that were given out
  bool invalid_utf8 = false;  ///< ... and had bytes that are no UTF-8
  bool broken = false;        ///< nothing more can be read of the file, which was counted
  bool operator==(const CorpusPosition&) const = default;
};

/// What was met on the way.
struct CorpusCounts {
  std::uint64_t documents = 0;  ///< that were given out
  std::uint64_t bytes = 0;      ///< of their text
  std::uint64_t empty = 0;      ///< documents without text, left out
  std::uint64_t invalid_utf8 =
      0;                        ///< documents with bytes that are no UTF-8, given out as they are
  std::uint64_t damaged = 0;    ///< records that were skipped (CorpusOptions::skip_damaged)
  std::uint64_t cut_words = 0;  ///< parts that end within a word longer than kLongestWord
};

/// A document or a part of one.
struct DocumentPart {
  std::string text;
  bool ends = true;  ///< the document ends with it
};

struct CorpusOptions {
  /// Documents longer than this come in parts of about this many bytes, each but the last ending
  /// before white space (last_word_end()). 0: whole, whatever their size.
  std::uint64_t part_bytes = std::uint64_t{1} << 20;
  /// Records that cannot be read are counted and skipped, instead of a ReadError. A damaged
  /// compressed stream ends its file.
  bool skip_damaged = false;
  std::string text_field = "text";  ///< of a JSON record
};

/// A part may be this much longer than part_bytes where no word ends before.
constexpr std::uint64_t kLongestWord = std::uint64_t{64} << 20;
/// A line of a JSON lines file is at most this long.
constexpr std::uint64_t kLongestRecord = std::uint64_t{1} << 30;

/// A stream of documents in a fixed order, in memory that does not grow with the corpus.
class Corpus {
 public:
  virtual ~Corpus() = default;

  /// The next part; false at the end. Throws ReadError that names the file, the line or byte, and
  /// the reason; the record in question then counts as read.
  virtual bool next(DocumentPart& part) = 0;

  /// Where next() goes on.
  virtual CorpusPosition position() const = 0;
  /// Goes on from a position() of the same corpus, with counts as they were there. Throws ReadError
  /// where the files are shorter than that. A compressed file is unpacked from its begin.
  virtual void seek(const CorpusPosition& position, const CorpusCounts& counts) = 0;

  virtual const CorpusCounts& counts() const = 0;
  /// Bytes on disk that were read, of bytes(); for progress.
  virtual std::uint64_t bytes_read() const = 0;
  virtual std::uint64_t bytes() const = 0;
  /// In order.
  virtual const std::vector<std::filesystem::path>& files() const = 0;
};

/// A way in which texts are stored. To add one: a file of its own, a line in corpus_registry.cpp.
struct CorpusKind {
  std::string name;   ///< what stands before the colon
  std::string takes;  ///< what stands behind it, for users
  std::string help;   ///< one line
  /// Throws ReadError where the files of that split are not there.
  std::function<std::unique_ptr<Corpus>(const std::filesystem::path& path, TextSplit split,
                                        const CorpusOptions& options)>
      open;
};

const std::vector<CorpusKind>& corpus_registry();

/// "KIND:PATH". Throws ReadError for an unknown kind (listing the known ones) and as the kind does.
std::unique_ptr<Corpus> open_corpus(const std::string& spec, TextSplit split,
                                    const CorpusOptions& options = {});

// The entries; each file of this folder that ends in one adds a line to corpus_registry.cpp.
CorpusKind json_lines_kind();
CorpusKind pg19_kind();
CorpusKind pile_kind();
CorpusKind plain_text_kind();
CorpusKind wikitext_kind();

}  // namespace hyena::datasets
