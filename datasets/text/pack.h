#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "datasets/text/corpus.h"
#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

struct PackOptions {
  std::string corpus;  ///< specification, see open_corpus()
  std::string tokenizer;
  std::string format = "llmc";
  std::string split = "train";
  std::int64_t shard_tokens = 100'000'000;
  double val_fraction = 0;
  std::int64_t seed = 0;
  bool append_eot = true;
  std::int64_t limit = 0;
  bool skip_damaged = false;
  std::string text_field = "text";
  // What does not change the result:
  std::int64_t threads = 1;
  double save_seconds = 20;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("format", format,
            {.help = "how shards are stored", .choices = {"llmc", "nanogpt", "megatron"}});
    v.field(
        "split", split,
        {.help = "part of the corpus, where it has parts", .choices = {"train", "valid", "test"}});
    v.field("shard_tokens", shard_tokens,
            {.help = "a shard ends with the text that reaches this", .unit = "tokens", .min = 1});
    v.field("val_fraction", val_fraction,
            {.help = "share of the documents, drawn by --seed, that go to validation shards",
             .min = 0,
             .max = 1});
    v.field("seed", seed, {.help = "of that draw", .min = 0});
    v.field("limit", limit, {.help = "stop after this many documents; 0: all", .min = 0});
    v.field("skip_damaged", skip_damaged,
            {.help = "count records that cannot be read, instead of stopping"});
    v.field("text_field", text_field, {.help = "of a JSON record"});
    v.field(
        "threads", threads,
        {.help = "threads that encode, beside the one that reads and writes; 0: none", .min = 0});
    v.field("save_seconds", save_seconds,
            {.help = "how often the position is saved", .unit = "s", .min = 0});
  }
};

/// How far packing is.
struct PackProgress {
  std::uint64_t bytes_read = 0;  ///< on disk
  std::uint64_t bytes = 0;       ///< of the corpus on disk
  std::uint64_t tokens = 0;      ///< train and validation
  std::uint64_t documents = 0;
  // What earlier runs had done of these:
  std::uint64_t bytes_before = 0;
  std::uint64_t tokens_before = 0;
};

struct PackResult {
  bool complete = false;      ///< false: stopped; the same call goes on
  bool was_complete = false;  ///< there was nothing left to do
  CorpusCounts counts;
  std::uint64_t tokens = 0;             ///< of the split, end-of-text tokens among them
  std::uint64_t validation_tokens = 0;  ///< those set aside by val_fraction
  std::uint64_t shards = 0;
};

/// Called now and then; false stops after the blocks under way, saved.
using PackObserver = std::function<bool(const PackProgress&)>;

/// Writes a corpus as token shards NAME_000000.bin … into `folder`: NAME is train, val or test as
/// the split, and val for what val_fraction sets aside. Documents keep their order, each followed
/// by the end-of-text token. pack.json in the folder says what was packed and, until all is done,
/// where to go on: the same call then continues, and ends in the bytes of an uninterrupted one,
/// for any number of threads. Memory does not grow with the corpus.
///
/// Throws ReadError for what cannot be read, a folder that holds the shards of other options (it
/// names the first that differs) or that another program packs into, a vocabulary that the format
/// cannot store; TokenError for text without tokens; std::runtime_error for what cannot be written.
PackResult pack_corpus(const PackOptions& options, const std::filesystem::path& folder,
                       const PackObserver& observer = {});

}  // namespace hyena::datasets
