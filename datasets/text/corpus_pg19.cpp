// PG-19: a book a file in train/, validation/ and test/, in the order of their names. metadata.csv
// lists the books' titles, which nothing here needs.
#include "datasets/text/corpus_files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Corpus> open(const fs::path& folder, TextSplit split,
                             const CorpusOptions& options) {
  const char* part = split == TextSplit::kValid ? "validation" : split_name(split);
  return std::make_unique<FileCorpus>(files_ending(folder / part, {".txt", ".txt.gz", ".txt.zst"}),
                                      options, whole_file_reader);
}

}  // namespace

CorpusKind pg19_kind() {
  return {.name = "pg19",
          .takes = "FOLDER",
          .help = "PG-19: train/*.txt, validation/*.txt, test/*.txt, each file a book",
          .open = open};
}

}  // namespace hyena::datasets
