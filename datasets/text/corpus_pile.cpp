// The Pile as it was published: train/00.jsonl.zst ..., val.jsonl.zst, test.jsonl.zst.
#include "datasets/text/corpus_files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Corpus> open(const fs::path& folder, TextSplit split,
                             const CorpusOptions& options) {
  std::vector<fs::path> files;
  if (split == TextSplit::kTrain) {
    files = files_ending(folder / "train", {".jsonl.zst", ".jsonl.gz", ".jsonl"});
  } else {
    const std::string name = split == TextSplit::kValid ? "val" : "test";
    for (const char* ending : {".jsonl.zst", ".jsonl.gz", ".jsonl"}) {
      if (files.empty() && fs::exists(folder / (name + ending))) {
        files = {folder / (name + ending)};
      }
    }
    if (files.empty()) throw ReadError(folder.string() + ": there is no " + name + ".jsonl.zst");
  }
  return std::make_unique<FileCorpus>(
      std::move(files), options, [field = options.text_field] { return json_lines_reader(field); });
}

}  // namespace

CorpusKind pile_kind() {
  return {.name = "pile",
          .takes = "FOLDER",
          .help = "The Pile: train/*.jsonl.zst, val.jsonl.zst, test.jsonl.zst",
          .open = open};
}

}  // namespace hyena::datasets
