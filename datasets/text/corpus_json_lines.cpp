// JSON lines: an object a line, its text in one field. Lines of white space are no records.
#include "datasets/text/corpus_files.h"
#include "datasets/text/json_text.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

class JsonLines final : public DocumentReader {
 public:
  explicit JsonLines(std::string field) : field_(std::move(field)) {}

  bool more(TextReader& text, std::string& out, std::size_t) override {
    do {
      line_.clear();
      if (!text.take_line(line_, kLongestRecord)) return true;  // white space at the end
      ++records_;
    } while (line_.find_first_not_of(" \t\r\n") == std::string::npos);
    if (line_.size() == kLongestRecord && line_.back() != '\n') pass_over_the_rest(text);
    try {
      out += json_text(line_, field_);
    } catch (const JsonFault& fault) {
      throw RecordError(text.name() + ":" + std::to_string(records_) + ": " + fault.what());
    }
    return true;
  }
  std::uint64_t records() const override { return records_; }
  void set_records(std::uint64_t records) override { records_ = records; }

 private:
  void pass_over_the_rest(TextReader& text) {
    do {
      line_.clear();
    } while (text.take_line(line_, kLongestRecord) && line_.back() != '\n');
    throw RecordError(text.name() + ":" + std::to_string(records_) + ": a line of more than " +
                      std::to_string(kLongestRecord) + " bytes");
  }

  std::string field_;
  std::string line_;
  std::uint64_t records_ = 0;
};

std::unique_ptr<Corpus> open(const fs::path& path, TextSplit split, const CorpusOptions& options) {
  require_train(path, split);
  return std::make_unique<FileCorpus>(
      fs::is_directory(path) ? files_ending(path, {".jsonl", ".jsonl.gz", ".jsonl.zst", ".json.gz"})
                             : std::vector<fs::path>{path},
      options, [field = options.text_field] { return json_lines_reader(field); });
}

}  // namespace

std::unique_ptr<DocumentReader> json_lines_reader(const std::string& field) {
  return std::make_unique<JsonLines>(field);
}

CorpusKind json_lines_kind() {
  return {.name = "jsonl",
          .takes = "PATH",
          .help = "JSON lines, also .gz and .zst, with the text in one field; or a folder of them",
          .open = open};
}

}  // namespace hyena::datasets
