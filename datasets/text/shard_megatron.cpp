// Megatron's and GPT-NeoX's pair of files: .bin has bare tokens, .idx says how long each sequence
// is, where it lies and which sequences make a document:
//   "MMIDIDX\0\0", u64 version 1, u8 type of the tokens, u64 sequences, u64 entries of the last
//   list, i32 lengths[sequences], i64 bytes in .bin[sequences], i64 first sequence of each document
//   and the number of sequences; then maybe i8 modes[sequences]
#include <array>
#include <utility>

#include "datasets/text/growing_file.h"
#include "datasets/text/mapped_tokens.h"
#include "datasets/text/shards.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic("MMIDIDX\0\0", 9);
constexpr std::uint8_t kInt32 = 4;
constexpr std::uint8_t kUint16 = 8;
constexpr std::uint64_t kTypeAt = 17;
constexpr std::uint64_t kSequencesAt = 18;
constexpr std::uint64_t kEntriesAt = 26;
constexpr std::uint64_t kHeader = 34;
constexpr std::uint64_t kSmallVocabulary = 65500;  // Megatron's bound for 16-bit tokens
constexpr std::uint64_t kIds32 = std::uint64_t{1} << 31;

fs::path with_extension(fs::path path, const char* extension) {
  if (path.extension() == ".idx" || path.extension() == ".bin") path.replace_extension();
  path += extension;
  return path;
}

/// A checked .idx.
class Index {
 public:
  explicit Index(const fs::path& path) : file_(path) {
    const std::uint64_t size = file_.bytes().size();
    if (size < kHeader) {
      refuse(0, std::to_string(size) + " bytes are too few for the header of " +
                    std::to_string(kHeader));
    }
    if (std::string_view(reinterpret_cast<const char*>(file_.bytes().data()), kMagic.size()) !=
        kMagic) {
      refuse(0, "it does not begin with MMIDIDX; is this an index of Megatron?");
    }
    const auto version = number_at<std::uint64_t>(file_, kMagic.size());
    if (version != 1) refuse(kMagic.size(), "version " + std::to_string(version) + " is not known");
    type_ = number_at<std::uint8_t>(file_, kTypeAt);
    if (type_ != kInt32 && type_ != kUint16) {
      refuse(kTypeAt, "tokens of type " + std::to_string(type_) +
                          "; read are 4 (32-bit) and 8 (16-bit unsigned)");
    }
    sequences_ = number_at<std::uint64_t>(file_, kSequencesAt);
    entries_ = number_at<std::uint64_t>(file_, kEntriesAt);
    // Counts first: no sum of sizes below overflows.
    const std::uint64_t lists = size - kHeader;
    if (sequences_ > lists / 12) {
      refuse(kSequencesAt, std::to_string(sequences_) + " sequences do not fit in the file");
    }
    if (entries_ > (lists - 12 * sequences_) / 8) {
      refuse(kEntriesAt, std::to_string(entries_) + " documents do not fit in the file");
    }
    if (sequences_ == 0 || entries_ < 2)
      refuse(kSequencesAt, "there are no sequences or documents");
    const std::uint64_t rest = lists - 12 * sequences_ - 8 * entries_;
    if (rest != 0 && rest != sequences_) {
      refuse(size - rest, std::to_string(rest) + " bytes behind the lists, which would be 0 or " +
                              std::to_string(sequences_));
    }
    check_lists();
  }

  std::uint64_t width() const { return type_ == kUint16 ? 2 : 4; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t documents() const { return entries_ - 1; }
  std::uint64_t document_start(std::uint64_t document) const {
    const std::uint64_t sequence = first_sequence(document);
    return (sequence == sequences_ ? bytes_ : pointer(sequence)) / width();
  }
  [[noreturn]] void refuse(std::uint64_t byte, const std::string& reason) const {
    throw ReadError(file_.path().string() + ": byte " + std::to_string(byte) + ": " + reason);
  }

 private:
  std::uint64_t length_at(std::uint64_t i) const { return kHeader + 4 * i; }
  std::uint64_t pointer_at(std::uint64_t i) const { return kHeader + 4 * sequences_ + 8 * i; }
  std::uint64_t entry_at(std::uint64_t i) const { return kHeader + 12 * sequences_ + 8 * i; }
  std::uint64_t pointer(std::uint64_t i) const {
    return number_at<std::uint64_t>(file_, pointer_at(i));
  }
  std::uint64_t first_sequence(std::uint64_t document) const {
    return number_at<std::uint64_t>(file_, entry_at(document));
  }

  void check_lists() {
    for (std::uint64_t i = 0; i < sequences_; ++i) {
      const auto length = number_at<std::int32_t>(file_, length_at(i));
      if (length < 0) {
        refuse(length_at(i),
               "sequence " + std::to_string(i) + " has a length of " + std::to_string(length));
      }
      if (pointer(i) != bytes_) {
        refuse(pointer_at(i), "sequence " + std::to_string(i) + " begins at byte " +
                                  std::to_string(pointer(i)) + ", but the one before ends at " +
                                  std::to_string(bytes_));
      }
      bytes_ += static_cast<std::uint64_t>(length) * width();  // below 2^33 of below 2^64 / 12
    }
    std::uint64_t before = 0;
    for (std::uint64_t i = 0; i < entries_; ++i) {
      const std::uint64_t sequence = first_sequence(i);
      if (sequence < before || sequence > sequences_ || (i == 0 && sequence != 0)) {
        refuse(entry_at(i), "document " + std::to_string(i) + " begins with sequence " +
                                std::to_string(sequence) + " of " + std::to_string(sequences_) +
                                ", the one before with " + std::to_string(before));
      }
      before = sequence;
    }
    if (before != sequences_) {
      refuse(entry_at(entries_ - 1), "the last document ends with sequence " +
                                         std::to_string(before) + " of " +
                                         std::to_string(sequences_));
    }
  }

  MappedFile file_;
  std::uint8_t type_ = 0;
  std::uint64_t sequences_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;  // of .bin
};

template <class Stored>
class Tokens final : public MappedTokens<Stored> {
 public:
  Tokens(std::unique_ptr<const MappedFile> file, std::unique_ptr<const Index> index,
         std::uint64_t vocabulary)
      : MappedTokens<Stored>(std::move(file), 0, index->bytes() / sizeof(Stored), vocabulary),
        index_(std::move(index)) {}
  bool knows_documents() const override { return true; }
  std::uint64_t documents() const override { return index_->documents(); }
  std::uint64_t document_start(std::uint64_t document) const override {
    if (document >= documents()) {
      throw std::out_of_range("document " + std::to_string(document) + " of " +
                              std::to_string(documents()));
    }
    return index_->document_start(document);
  }

 private:
  std::unique_ptr<const Index> index_;
};

std::shared_ptr<const TokenSource> open(const fs::path& path, std::uint64_t vocabulary) {
  auto index = std::make_unique<const Index>(with_extension(path, ".idx"));
  auto file = std::make_unique<const MappedFile>(with_extension(path, ".bin"));
  if (file->bytes().size() != index->bytes()) {
    throw ReadError(file->path().string() + ": byte " + std::to_string(file->bytes().size()) +
                    ": the file ends, but its index says " + std::to_string(index->bytes()) +
                    " bytes; is it cut off, or of another index?");
  }
  if (index->width() == 2) {
    return std::make_shared<Tokens<std::uint16_t>>(std::move(file), std::move(index),
                                                   vocabulary_bound(vocabulary, 1U << 16U));
  }
  return std::make_shared<Tokens<std::int32_t>>(std::move(file), std::move(index),
                                                vocabulary_bound(vocabulary, kIds32));
}

/// Each document is one sequence. The lengths grow where they lie in .idx; what comes behind them
/// is written at the end.
class Writer final : public ShardWriter {
 public:
  Writer(const fs::path& path, std::uint64_t vocabulary)
      : bin_(with_extension(path, ".bin")),
        idx_(with_extension(path, ".idx")),
        wide_(vocabulary >= kSmallVocabulary) {
    const std::array<char, kHeader> room{};
    idx_.append(room.data(), room.size());
  }
  Writer(const fs::path& path, std::uint64_t vocabulary, const std::vector<std::uint64_t>& saved)
      : bin_(with_extension(path, ".bin"), saved.at(0)),
        idx_(with_extension(path, ".idx"), saved.at(1)),
        open_(saved.at(2)),
        wide_(vocabulary >= kSmallVocabulary) {}

  void append(std::span<const TokenId> ids) override {
    open_ += ids.size();
    if (open_ > 0x7FFFFFFF) {
      throw ReadError(bin_.path().string() + ": a document of more than 2147483647 tokens");
    }
    if (wide_) {
      bin_.append(ids.data(), 4 * ids.size());
      return;
    }
    const std::vector<std::uint16_t> stored(ids.begin(), ids.end());
    bin_.append(stored.data(), 2 * stored.size());
  }
  void end_document() override {
    if (open_ == 0) return;
    lengths_.push_back(static_cast<std::int32_t>(std::exchange(open_, 0)));
    if (lengths_.size() == 4096) flush();
  }
  std::uint64_t tokens() const override { return bin_.size() / (wide_ ? 4 : 2); }
  std::vector<std::uint64_t> save() override {
    flush();
    bin_.sync();
    idx_.sync();
    return {bin_.size(), idx_.size(), open_};
  }
  void commit() override {
    end_document();
    flush();
    write_lists();
    bin_.commit();
    idx_.commit();
  }

 private:
  void flush() {
    idx_.append(lengths_.data(), 4 * lengths_.size());
    lengths_.clear();
  }
  void write_lists() {
    const std::uint64_t sequences = (idx_.size() - kHeader) / 4;
    const std::uint64_t entries = sequences + 1;
    std::vector<std::int32_t> lengths(4096);
    std::vector<std::uint64_t> numbers;
    std::uint64_t pointer = 0;
    for (std::uint64_t at = 0; at < sequences; at += lengths.size()) {
      lengths.resize(std::min<std::uint64_t>(4096, sequences - at));
      idx_.get(kHeader + 4 * at, lengths.data(), 4 * lengths.size());
      numbers.clear();
      for (const std::int32_t length : lengths) {
        numbers.push_back(pointer);
        pointer += static_cast<std::uint64_t>(length) * (wide_ ? 4 : 2);
      }
      idx_.append(numbers.data(), 8 * numbers.size());
    }
    numbers.clear();
    for (std::uint64_t i = 0; i < entries; ++i) {
      numbers.push_back(i);
      if (numbers.size() < 4096 && i + 1 < entries) continue;
      idx_.append(numbers.data(), 8 * numbers.size());
      numbers.clear();
    }
    std::string header(kMagic);
    const auto add = [&](const auto& number) {
      header.append(reinterpret_cast<const char*>(&number), sizeof number);
    };
    add(std::uint64_t{1});
    add(wide_ ? kInt32 : kUint16);
    add(sequences);
    add(entries);
    idx_.put(0, header.data(), header.size());
  }

  GrowingFile bin_;
  GrowingFile idx_;
  std::vector<std::int32_t> lengths_;  // of finished documents, not yet in idx_
  std::uint64_t open_ = 0;             // tokens of the document under way
  bool wide_;
};

}  // namespace

ShardFormat megatron_format() {
  return {
      .name = "megatron",
      .help = "Megatron's and GPT-NeoX's .idx and .bin, 16-bit ids or 32-bit ones",
      .extension = ".idx",
      .largest_vocabulary = kIds32,
      .keeps_documents = true,
      .open = open,
      .create = [](const auto& path,
                   std::uint64_t vocabulary) { return std::make_unique<Writer>(path, vocabulary); },
      .resume =
          [](const auto& path, std::uint64_t vocabulary, const std::vector<std::uint64_t>& saved) {
            return std::make_unique<Writer>(path, vocabulary, saved);
          }};
}

}  // namespace hyena::datasets
