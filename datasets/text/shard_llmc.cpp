// llm.c's .bin: 256 32-bit numbers, of which three count (magic, version, number of tokens), then
// 16-bit ids (GPT-2) or 32-bit ids (Llama 3).
#include <array>
#include <utility>

#include "datasets/text/growing_file.h"
#include "datasets/text/mapped_tokens.h"
#include "datasets/text/shards.h"

namespace hyena::datasets {
namespace {

constexpr std::int32_t kMagic16 = 20240520;
constexpr std::int32_t kVersion16 = 1;
constexpr std::int32_t kMagic32 = 20240801;
constexpr std::int32_t kVersion32 = 7;
constexpr std::int32_t kMagicChoices = 20240522;
constexpr std::uint64_t kHeader = 1024;
constexpr std::uint64_t kMostTokens = 0x7FFFFFFF;
constexpr std::uint64_t kIds16 = std::uint64_t{1} << 16;
constexpr std::uint64_t kIds32 = std::uint64_t{1} << 31;

std::shared_ptr<const TokenSource> open(const std::filesystem::path& path,
                                        std::uint64_t vocabulary) {
  auto file = std::make_unique<const MappedFile>(path);
  const auto refuse = [&](std::uint64_t byte, const std::string& reason) {
    throw ReadError(path.string() + ": byte " + std::to_string(byte) + ": " + reason);
  };
  const std::uint64_t size = file->bytes().size();
  if (size < kHeader) {
    refuse(0, std::to_string(size) + " bytes are too few for the header of " +
                  std::to_string(kHeader));
  }
  const auto magic = number_at<std::int32_t>(*file, 0);
  const auto version = number_at<std::int32_t>(*file, 4);
  const auto count = number_at<std::int32_t>(*file, 8);
  if (magic == kMagicChoices) refuse(0, "multiple-choice questions of llm.c, not a token stream");
  if (magic != kMagic16 && magic != kMagic32) {
    refuse(0, "the number " + std::to_string(magic) +
                  " is not one of a token shard of llm.c; for " +
                  "16-bit ids without a header take nanogpt:PATH");
  }
  if (version != (magic == kMagic16 ? kVersion16 : kVersion32)) {
    refuse(4, "version " + std::to_string(version) + " is not known");
  }
  if (count <= 0) refuse(8, "a shard of " + std::to_string(count) + " tokens");
  const auto tokens = static_cast<std::uint64_t>(count);
  const std::uint64_t width = magic == kMagic16 ? 2 : 4;
  if (tokens * width != size - kHeader) {
    refuse(8, std::to_string(tokens) + " tokens of " + std::to_string(width) +
                  " bytes are not the " + std::to_string(size - kHeader) +
                  " bytes behind the header; is the file cut off?");
  }
  if (width == 2) {
    return std::make_shared<MappedTokens<std::uint16_t>>(std::move(file), kHeader, tokens,
                                                         vocabulary_bound(vocabulary, kIds16));
  }
  return std::make_shared<MappedTokens<std::uint32_t>>(std::move(file), kHeader, tokens,
                                                       vocabulary_bound(vocabulary, kIds32));
}

class Writer final : public ShardWriter {
 public:
  Writer(const std::filesystem::path& path, std::uint64_t vocabulary)
      : file_(path), wide_(vocabulary > kIds16) {
    const std::array<char, kHeader> room{};
    file_.append(room.data(), room.size());
  }
  Writer(const std::filesystem::path& path, std::uint64_t vocabulary, std::uint64_t bytes)
      : file_(path, bytes), wide_(vocabulary > kIds16) {}

  void append(std::span<const TokenId> ids) override {
    if (tokens() + ids.size() > kMostTokens) {
      throw ReadError(file_.path().string() + ": more than " + std::to_string(kMostTokens) +
                      " tokens do not fit in a shard; make smaller ones");
    }
    if (wide_) {
      file_.append(ids.data(), 4 * ids.size());
      return;
    }
    const std::vector<std::uint16_t> stored(ids.begin(), ids.end());
    file_.append(stored.data(), 2 * stored.size());
  }
  void end_document() override {}
  std::uint64_t tokens() const override { return (file_.size() - kHeader) / (wide_ ? 4 : 2); }
  std::vector<std::uint64_t> save() override {
    file_.sync();
    return {file_.size()};
  }
  void commit() override {
    const std::array<std::int32_t, 3> header = {wide_ ? kMagic32 : kMagic16,
                                                wide_ ? kVersion32 : kVersion16,
                                                static_cast<std::int32_t>(tokens())};
    file_.put(0, header.data(), sizeof header);
    file_.commit();
  }

 private:
  GrowingFile file_;
  bool wide_;
};

}  // namespace

ShardFormat llmc_format() {
  return {
      .name = "llmc",
      .help =
          "llm.c's and modded-nanogpt's: a header, 16-bit ids, or 32-bit ones where the "
          "vocabulary needs them",
      .extension = ".bin",
      .largest_vocabulary = kIds32,
      .open = open,
      .create = [](const auto& path,
                   std::uint64_t vocabulary) { return std::make_unique<Writer>(path, vocabulary); },
      .resume =
          [](const auto& path, std::uint64_t vocabulary, const std::vector<std::uint64_t>& saved) {
            return std::make_unique<Writer>(path, vocabulary, saved.at(0));
          }};
}

}  // namespace hyena::datasets
