#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "datasets/text/corpus.h"
#include "datasets/tokenizer/tokenizer.h"
#include "datasets/worker_pool.h"

namespace hyena::datasets {

/// Part of a document as ids.
struct EncodedPart {
  std::vector<TokenId> ids;
  bool ends = true;  ///< the document ends with it
};

/// A few megabytes of text as ids, and how far the corpus was read with it.
struct EncodedBlock {
  std::vector<EncodedPart> parts;
  CorpusPosition after;
  CorpusCounts counts;
  std::uint64_t bytes_read = 0;
};

/// Reads a corpus on the calling thread and encodes it on others, some blocks ahead. Ids, parts and
/// their order are the same for any number of threads.
class CorpusEncoder {
 public:
  /// Both must outlive the encoder. With 0 threads next() encodes. `documents` > 0: stops when the
  /// corpus has given out that many, counted from its begin.
  CorpusEncoder(Corpus& corpus, const Tokenizer& tokenizer, std::int64_t threads,
                std::uint64_t documents = 0);
  ~CorpusEncoder();

  /// The next block, or null at the end; valid until the next call. Throws what the corpus throws,
  /// after the blocks before, and TokenError that names the document for text that the tokenizer
  /// has no tokens for.
  const EncodedBlock* next();

 private:
  struct Slot {
    EncodedBlock block;
    std::vector<DocumentPart> texts;
    std::vector<CorpusPosition> places;  // of the texts
    std::vector<std::size_t> groups;     // first part of each piece of work, and the end
    std::exception_ptr error;            // met behind the last part
  };
  void read(Slot& slot);
  void encode(Slot& slot, std::size_t group) const;

  Corpus& corpus_;
  const Tokenizer& tokenizer_;
  std::uint64_t limit_;
  bool at_end_ = false;
  std::deque<std::unique_ptr<Slot>> ahead_;
  std::unique_ptr<Slot> given_;
  WorkerPool pool_;
};

/// Options with which a corpus must be opened for a tokenizer, so that parts have the ids of the
/// whole.
CorpusOptions options_for(const Tokenizer& tokenizer, CorpusOptions options = {});

}  // namespace hyena::datasets
