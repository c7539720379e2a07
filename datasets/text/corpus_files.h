#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/text/corpus.h"
#include "datasets/text/text_reader.h"

/// What all kinds of corpora have in common, for the files of this folder that make one.
namespace hyena::datasets {

/// A record that cannot be read, in a file that can be read on.
class RecordError : public ReadError {
 public:
  using ReadError::ReadError;
};

/// The documents of one file, one after the other.
class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  /// Appends more of the document under way, or of the next one: about `most` bytes, or all of it.
  /// Returns whether the document ends there. Throws RecordError, with nothing appended, and goes
  /// on behind the record at the next call; all else that is thrown ends the file.
  virtual bool more(TextReader& text, std::string& out, std::size_t most) = 0;
  /// Passes over up to `bytes` of the document that begins; returns how many.
  virtual std::uint64_t skip(TextReader&, std::uint64_t) { return 0; }
  /// Bytes that were taken from the text but belong to the next document.
  virtual std::size_t held() const { return 0; }
  /// Lines that were read of the file.
  virtual std::uint64_t records() const { return 0; }
  virtual void set_records(std::uint64_t) {}
  /// Whether a file without a byte is a document, an empty one.
  virtual bool file_is_document() const { return false; }
};

/// Documents of files in a fixed order.
class FileCorpus final : public Corpus {
 public:
  using MakeReader = std::function<std::unique_ptr<DocumentReader>()>;
  /// Throws ReadError for a file that is not there.
  FileCorpus(std::vector<std::filesystem::path> files, CorpusOptions options, MakeReader make);

  bool next(DocumentPart& part) override;
  CorpusPosition position() const override { return position_; }
  void seek(const CorpusPosition& position, const CorpusCounts& counts) override;
  const CorpusCounts& counts() const override { return counts_; }
  std::uint64_t bytes_read() const override;
  std::uint64_t bytes() const override { return begins_.back(); }
  const std::vector<std::filesystem::path>& files() const override { return files_; }

 private:
  std::string_view pending() const { return std::string_view(read_).substr(given_); }
  void open();
  void next_file();
  void next_document();
  bool fill(std::uint64_t want);
  bool give(DocumentPart& part);
  void give(DocumentPart& part, std::size_t size, bool ends);
  void on_broken_file();

  std::vector<std::filesystem::path> files_;
  std::vector<std::uint64_t> begins_;  // of each file in bytes on disk, and the end
  CorpusOptions options_;
  MakeReader make_;
  std::unique_ptr<TextReader> text_;  // null before a file and after the last
  std::unique_ptr<DocumentReader> reader_;
  std::string read_;       // of the document under way
  std::size_t given_ = 0;  // bytes of read_ that were given out
  bool ended_ = false;     // the document ends with read_
  CorpusPosition position_;
  CorpusCounts counts_;
};

/// The plain files of a folder whose name ends in one of `endings`, by name. Throws ReadError for
/// none.
std::vector<std::filesystem::path> files_ending(const std::filesystem::path& folder,
                                                const std::vector<std::string>& endings);

/// Throws ReadError for a split other than train, of a kind that has no others.
void require_train(const std::filesystem::path& path, TextSplit split);

/// A whole file is a document.
std::unique_ptr<DocumentReader> whole_file_reader();
/// A line is a JSON object with a text in it.
std::unique_ptr<DocumentReader> json_lines_reader(const std::string& field);

}  // namespace hyena::datasets
