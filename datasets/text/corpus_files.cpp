#include "datasets/text/corpus_files.h"

#include <algorithm>
#include <utility>

#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStep = std::size_t{1} << 16;  // bytes that are asked for at once

/// The last begin of a character at or before `most`.
std::size_t last_character(std::string_view text, std::size_t most) {
  const auto goes_on = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80;
  };
  for (std::size_t at = most; at + 4 > most && at > 0; --at) {
    if (!goes_on(at)) return at;
  }
  return most;  // no UTF-8
}

}  // namespace

FileCorpus::FileCorpus(std::vector<fs::path> files, CorpusOptions options, MakeReader make)
    : files_(std::move(files)), begins_{0}, options_(std::move(options)), make_(std::move(make)) {
  for (const fs::path& file : files_) {
    std::error_code error;
    // A pipe has no size.
    const auto size = fs::is_regular_file(file) ? fs::file_size(file, error) : 0;
    if (!fs::exists(file)) error = std::make_error_code(std::errc::no_such_file_or_directory);
    if (error) throw ReadError(file.string() + " cannot be read: " + error.message());
    begins_.push_back(begins_.back() + size);
  }
}

std::uint64_t FileCorpus::bytes_read() const {
  return begins_[std::min<std::size_t>(position_.file, files_.size())] +
         (text_ == nullptr ? 0 : text_->bytes_read());
}

void FileCorpus::open() {
  text_ = std::make_unique<TextReader>(files_[position_.file]);
  reader_ = make_();
}

void FileCorpus::next_file() {
  text_ = nullptr;
  read_.clear();
  given_ = 0;
  ended_ = false;
  position_ = {.file = position_.file + 1};
}

void FileCorpus::next_document() {
  read_.clear();
  given_ = 0;
  ended_ = false;
  position_.offset = text_->offset() - reader_->held();
  position_.record = reader_->records();
  position_.inside = 0;
  position_.invalid_utf8 = false;
}

/// Reads on until more than `want` bytes are pending (0: all of the document) or the document ends.
/// False at the end of the file.
bool FileCorpus::fill(std::uint64_t want) {
  if (position_.inside == 0 && pending().empty() && !ended_) {
    if (position_.broken) return false;
    if (reader_->held() == 0 && text_->at_end()) {
      if (reader_->file_is_document() && text_->offset() == 0) ++counts_.empty;
      return false;
    }
  }
  while (!ended_ && (want == 0 || pending().size() <= want)) {
    if (given_ >= kStep && given_ >= read_.size() / 2) read_.erase(0, std::exchange(given_, 0));
    ended_ = reader_->more(*text_, read_, kStep);
  }
  return true;
}

void FileCorpus::give(DocumentPart& part, std::size_t size, bool ends) {
  part.text.assign(pending().substr(0, size));
  part.ends = ends;
  given_ += size;
  position_.inside += size;
  counts_.bytes += size;
  if (!position_.invalid_utf8 && !is_utf8(part.text)) {
    position_.invalid_utf8 = true;
    ++counts_.invalid_utf8;
  }
  if (!ends) return;
  ++counts_.documents;
  next_document();
}

/// One part of what is pending; false for a document without text.
bool FileCorpus::give(DocumentPart& part) {
  // Parts are cut at the same places whether a document was read at once or bit by bit.
  for (std::uint64_t most = options_.part_bytes;; most *= 2) {
    fill(most);
    if (ended_ && (most == 0 || pending().size() <= most)) break;
    std::size_t size = last_word_end(pending(), most);
    if (size == 0 && most < kLongestWord) continue;
    if (size == 0) {
      size = last_character(pending(), most);
      ++counts_.cut_words;
    }
    give(part, size, false);
    return true;
  }
  if (pending().empty() && position_.inside == 0) {
    ++counts_.empty;
    next_document();
    return false;
  }
  give(part, pending().size(), true);
  return true;
}

void FileCorpus::on_broken_file() {
  if (!options_.skip_damaged) {
    next_file();
    throw;
  }
  if (!std::exchange(position_.broken, true)) ++counts_.damaged;
  if (text_ == nullptr || (position_.inside == 0 && pending().empty())) {
    next_file();
  } else {
    ended_ = true;  // what was read is given out
  }
}

bool FileCorpus::next(DocumentPart& part) {
  while (position_.file < files_.size()) {
    try {
      if (text_ == nullptr) open();
      if (!fill(options_.part_bytes)) {
        next_file();
      } else if (give(part)) {
        return true;
      }
    } catch (const RecordError&) {
      next_document();
      if (!options_.skip_damaged) throw;
      ++counts_.damaged;
    } catch (const ReadError&) {
      on_broken_file();
    }
  }
  return false;
}

void FileCorpus::seek(const CorpusPosition& position, const CorpusCounts& counts) {
  const bool at_begin = position == CorpusPosition{.file = position.file};
  if (position.file > files_.size() || (position.file == files_.size() && !at_begin)) {
    throw ReadError("a position in file " + std::to_string(position.file) + " of a corpus of " +
                    std::to_string(files_.size()) + "; did files go away?");
  }
  counts_ = counts;
  position_ = {.file = position.file};
  text_ = nullptr;
  read_.clear();
  given_ = 0;
  ended_ = false;
  if (at_begin) return;
  open();
  text_->skip(position.offset);
  reader_->set_records(position.record);
  next_document();
  std::uint64_t left = position.inside - reader_->skip(*text_, position.inside);
  while (left > 0 && !ended_) {
    try {
      ended_ = reader_->more(*text_, read_, kStep);
    } catch (const ReadError&) {
      if (!position.broken) throw;
      ended_ = true;
    }
    const auto count = std::min<std::uint64_t>(left, read_.size());
    read_.erase(0, count);
    left -= count;
  }
  if (left > 0) {
    throw ReadError(files_[position.file].string() + " ends " + std::to_string(left) +
                    " bytes before where an earlier run was; was the file changed?");
  }
  position_ = position;
}

std::vector<fs::path> files_ending(const fs::path& folder,
                                   const std::vector<std::string>& endings) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const auto fits = [&](const std::string& ending) { return name.ends_with(ending); };
    if (std::ranges::any_of(endings, fits) && entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  if (error) throw ReadError(folder.string() + " cannot be read: " + error.message());
  if (files.empty()) {
    throw ReadError(folder.string() + ": there is no file whose name ends in " + endings[0]);
  }
  std::ranges::sort(files);
  return files;
}

void require_train(const fs::path& path, TextSplit split) {
  if (split == TextSplit::kTrain) return;
  throw ReadError(path.string() + ": there is no '" + split_name(split) +
                  "' part; name its file, or set a fraction of the text aside");
}

}  // namespace hyena::datasets
