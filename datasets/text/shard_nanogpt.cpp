// nanoGPT's .bin: 16-bit numbers and nothing else, so that any file of even size is one. A wrong
// file shows only by ids past the vocabulary.
#include <utility>

#include "datasets/text/growing_file.h"
#include "datasets/text/mapped_tokens.h"
#include "datasets/text/shards.h"

namespace hyena::datasets {
namespace {

constexpr std::uint64_t kIds = std::uint64_t{1} << 16;

std::shared_ptr<const TokenSource> open(const std::filesystem::path& path,
                                        std::uint64_t vocabulary) {
  auto file = std::make_unique<const MappedFile>(path);
  const std::uint64_t size = file->bytes().size();
  if (size == 0) throw ReadError(path.string() + ": byte 0: the file is empty");
  if (size % 2 != 0) {
    throw ReadError(path.string() + ": byte " + std::to_string(size - 1) +
                    ": half a token at the end; is the file cut off, or not 16-bit tokens?");
  }
  return std::make_shared<MappedTokens<std::uint16_t>>(std::move(file), 0, size / 2,
                                                       vocabulary_bound(vocabulary, kIds));
}

class Writer final : public ShardWriter {
 public:
  explicit Writer(const std::filesystem::path& path) : file_(path) {}
  Writer(const std::filesystem::path& path, std::uint64_t bytes) : file_(path, bytes) {}

  void append(std::span<const TokenId> ids) override {
    const std::vector<std::uint16_t> stored(ids.begin(), ids.end());
    file_.append(stored.data(), 2 * stored.size());
  }
  void end_document() override {}
  std::uint64_t tokens() const override { return file_.size() / 2; }
  std::vector<std::uint64_t> save() override {
    file_.sync();
    return {file_.size()};
  }
  void commit() override { file_.commit(); }

 private:
  GrowingFile file_;
};

}  // namespace

ShardFormat nanogpt_format() {
  return {.name = "nanogpt",
          .help = "16-bit ids without a header",
          .extension = ".bin",
          .largest_vocabulary = kIds,
          .open = open,
          .create = [](const auto& path, std::uint64_t) { return std::make_unique<Writer>(path); },
          .resume =
              [](const auto& path, std::uint64_t, const std::vector<std::uint64_t>& saved) {
                return std::make_unique<Writer>(path, saved.at(0));
              }};
}

}  // namespace hyena::datasets
