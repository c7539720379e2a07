// Plain text: a file is a document, of any bytes.
#include "datasets/text/corpus_files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

class WholeFile final : public DocumentReader {
 public:
  bool more(TextReader& text, std::string& out, std::size_t most) override {
    text.take(out, most);
    return text.at_end();
  }
  std::uint64_t skip(TextReader& text, std::uint64_t bytes) override {
    text.skip(bytes);
    return bytes;
  }
  bool file_is_document() const override { return true; }
};

std::unique_ptr<Corpus> open(const fs::path& path, TextSplit split, const CorpusOptions& options) {
  require_train(path, split);
  return std::make_unique<FileCorpus>(fs::is_directory(path)
                                          ? files_ending(path, {".txt", ".txt.gz", ".txt.zst"})
                                          : std::vector<fs::path>{path},
                                      options, whole_file_reader);
}

}  // namespace

std::unique_ptr<DocumentReader> whole_file_reader() {
  return std::make_unique<WholeFile>();
}

CorpusKind plain_text_kind() {
  return {.name = "text",
          .takes = "PATH",
          .help = "a text file, or a folder of *.txt, *.txt.gz and *.txt.zst; each is a document",
          .open = open};
}

}  // namespace hyena::datasets
