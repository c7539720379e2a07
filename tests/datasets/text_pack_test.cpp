// From a corpus to shards: the ids of the tokenizer, whatever the threads, the parts and the stops.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "datasets/text/corpus_encoder.h"
#include "datasets/text/encode_corpus.h"
#include "datasets/text/pack.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/datasets/messages.h"
#include "tests/datasets/sha256.h"
#include "tests/datasets/small_bpe.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<TokenId>;

std::string random_text(std::mt19937& random, std::size_t bytes) {
  const std::string letters = "aabbcd  \n'.1";
  std::string text;
  while (text.size() < bytes) {
    text += letters[random() % letters.size()];
    if (random() % 40 == 0) text += random() % 3 == 0 ? "\xE4\xB8" : "中é";
  }
  return text;
}

Ids all_of(const TokenSource& source) {
  std::vector<std::int64_t> ids(source.size());
  source.read(0, std::span(ids));
  return {ids.begin(), ids.end()};
}

std::map<std::string, std::string> shards_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename().string()] = tests::read_file(entry.path());
  }
  return files;
}

class PackTest : public testing::Test {
 protected:
  PackTest() {
    tests::SmallBpe().write(folder_ / "bpe");
    std::mt19937 random(1);
    for (int i = 0; i < 30; ++i) {
      texts_.push_back(random_text(random, i == 7 ? 3'000'000 : random() % 20000));
      tests::write_file(folder_ / "books" / ("b" + std::to_string(100 + i) + ".txt"), texts_[i]);
    }
    tokenizer_ = open_tokenizer(options().tokenizer);
    end_ = *tokenizer_->end_of_text();
  }
  PackOptions options() const {
    PackOptions options;
    options.corpus = "text:" + (folder_ / "books").string();
    options.tokenizer = "gpt2:" + (folder_ / "bpe").string();
    options.shard_tokens = 60000;
    options.val_fraction = 0.2;
    options.seed = 5;
    options.save_seconds = 0;
    return options;
  }
  Ids packed(const std::string& name, TextSplit split, const std::string& format) const {
    return all_of(*open_token_shards(format + ":" + (folder_ / name).string(), split));
  }
  /// Documents between their ends.
  std::vector<Ids> documents(const Ids& ids) const {
    std::vector<Ids> found(1);
    for (const TokenId id : ids) {
      if (id == end_) {
        found.emplace_back();
      } else {
        found.back().push_back(id);
      }
    }
    found.pop_back();
    return found;
  }
  tests::TemporaryFolder folder_;
  std::vector<std::string> texts_;
  std::unique_ptr<Tokenizer> tokenizer_;
  TokenId end_ = 0;
};

TEST_F(PackTest, ShardsHoldTheDocumentsInOrder) {
  for (const std::string format : {"llmc", "nanogpt", "megatron"}) {
    auto options = this->options();
    options.format = format;
    options.threads = 2;
    const auto result = pack_corpus(options, folder_ / format);
    ASSERT_TRUE(result.complete);
    EXPECT_GT(result.shards, 3U);
    const auto train = documents(packed(format, TextSplit::kTrain, format));
    const auto valid = documents(packed(format, TextSplit::kValid, format));
    EXPECT_EQ(train.size() + valid.size(), texts_.size());
    EXPECT_GT(valid.size(), 0U);
    EXPECT_LT(valid.size(), 15U);
    std::size_t t = 0, v = 0;
    for (const std::string& text : texts_) {
      const Ids ids = tokenizer_->encode(text);  // the whole text at once, on one thread
      if (t < train.size() && train[t] == ids) {
        ++t;
      } else {
        ASSERT_LT(v, valid.size());
        ASSERT_TRUE(valid[v++] == ids);
      }
    }
    EXPECT_EQ(result.counts.documents, texts_.size());
    EXPECT_GT(result.counts.invalid_utf8, 0U);
  }
  const auto source =
      open_token_shards("megatron:" + (folder_ / "megatron").string(), TextSplit::kTrain);
  EXPECT_TRUE(source->knows_documents());
  for (std::uint64_t d = 1; d < source->documents(); ++d) {
    std::int64_t before = 0;
    source->read(source->document_start(d) - 1, std::span(&before, 1));
    ASSERT_EQ(before, end_);
  }
}

TEST_F(PackTest, StoppedAnywhereItEndsTheSame) {
  for (const std::string format : {"llmc", "megatron"}) {
    auto options = this->options();
    options.format = format;
    ASSERT_TRUE(pack_corpus(options, folder_ / "whole").complete);
    auto expected = shards_of(folder_ / "whole");
    int stops = 0;
    for (bool complete = false; !complete; ++stops) {
      ASSERT_LT(stops, 100);
      options.threads = stops % 3;
      // Stopped after each block of a megabyte or two.
      complete = pack_corpus(options, folder_ / "stopped", [](const PackProgress&) {
                   return false;
                 }).complete;
    }
    EXPECT_GT(stops, 2);
    EXPECT_TRUE(shards_of(folder_ / "stopped") == expected);
    const auto again = pack_corpus(options, folder_ / "stopped");
    EXPECT_TRUE(again.was_complete && again.complete);
    EXPECT_TRUE(shards_of(folder_ / "stopped") == expected);
    fs::remove_all(folder_ / "whole");
    fs::remove_all(folder_ / "stopped");
  }
}

TEST_F(PackTest, WhatWouldNotFitIsRefused) {
  auto options = this->options();
  const auto message = [&](const PackOptions& with, const std::string& name) {
    return tests::message_of<ReadError>([&] { pack_corpus(with, folder_ / name); });
  };
  pack_corpus(options, folder_ / "a", [](const PackProgress&) { return false; });
  auto other = options;
  other.shard_tokens = 70000;
  EXPECT_NE(message(other, "a")
                .find("pack.json: the folder holds shards with shard_tokens = 60000, "
                      "now it is 70000"),
            std::string::npos)
      << message(other, "a");
  tests::write_file(folder_ / "b" / "pack.json", "{\"packed\": {}}");
  EXPECT_NE(message(options, "b").find("pack.json is not what packing writes"), std::string::npos);
  other = options;
  other.split = "test";
  EXPECT_NE(message(other, "c").find("set aside from split train"), std::string::npos);
  fs::create_directories(folder_ / "none");
  tests::write_file(folder_ / "none" / "a.txt", "");
  other = options;
  other.corpus = "text:" + (folder_ / "none").string();
  EXPECT_NE(message(other, "d").find("there is no text"), std::string::npos);
  other = options;
  tests::write_file(folder_ / "letters", "abc");
  other.tokenizer = "characters:" + (folder_ / "letters").string();
  EXPECT_THROW(pack_corpus(other, folder_ / "e"), TokenError);  // no end of text
  other.append_eot = false;
  const auto unknown = tests::message_of<TokenError>([&] { pack_corpus(other, folder_ / "e"); });
  EXPECT_NE(unknown.find("b100.txt, the document at or behind byte 0"), std::string::npos)
      << unknown;
}

TEST_F(PackTest, ALimitCountsDocuments) {
  auto options = this->options();
  options.limit = 5;
  options.val_fraction = 0;
  options.append_eot = false;
  const auto result = pack_corpus(options, folder_ / "a");
  EXPECT_EQ(result.counts.documents, 5U);
  Ids expected;
  for (int i = 0; i < 5; ++i) tokenizer_->encode(texts_[i], expected, Specials::kAsText);
  EXPECT_TRUE(packed("a", TextSplit::kTrain, "llmc") == expected);
}

TEST_F(PackTest, AWholeCorpusInMemory) {
  const auto corpus = open_corpus(options().corpus, TextSplit::kTrain,
                                  options_for(*tokenizer_, {.part_bytes = 50}));
  const auto tokens = encode_corpus(*corpus, *tokenizer_, true, 2);
  Ids expected;
  std::vector<std::uint64_t> starts;
  for (const auto& text : texts_) {
    starts.push_back(expected.size());
    tokenizer_->encode(text, expected, Specials::kAsText);
    expected.push_back(end_);
  }
  EXPECT_TRUE(all_of(*tokens) == expected);
  ASSERT_EQ(tokens->documents(), starts.size());
  for (std::size_t d = 0; d < starts.size(); ++d) EXPECT_EQ(tokens->document_start(d), starts[d]);
}

TEST_F(PackTest, TokensThatHoldSpacesKeepDocumentsWhole) {
  auto object = tests::SmallBpe().huggingface();
  object["added_tokens"].push_back({{"id", 457},
                                    {"content", "a b"},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false},
                                    {"special", false}});
  tests::write_file(folder_ / "spaced.json", object.dump());
  const auto spaced = open_tokenizer("huggingface:" + (folder_ / "spaced.json").string());
  EXPECT_TRUE(tokenizer_->exact_at_word_ends());
  EXPECT_FALSE(spaced->exact_at_word_ends());
  EXPECT_EQ(options_for(*spaced).part_bytes, 0U);
  EXPECT_GT(options_for(*tokenizer_).part_bytes, 0U);
}

/// GPT-2's published ids of whole files, from parts on two threads.
TEST(Pack, RealTextsGiveThePublishedIds) {
  HYENA_REQUIRE_FOLDER(tests::data_dir() / "tokenizer");
  const auto tokenizer = open_tokenizer("gpt2:" + (tests::data_dir() / "tokenizer").string());
  const auto texts = tests::data_dir() / "text";
  const auto hash = [&](const std::string& spec, TextSplit split) {
    const auto corpus = open_corpus(spec, split, {.part_bytes = 10000});
    std::vector<std::uint8_t> bytes;
    for (const TokenId id : all_of(*encode_corpus(*corpus, *tokenizer, false, 2))) {
      bytes.push_back(static_cast<std::uint8_t>(id));
      bytes.push_back(static_cast<std::uint8_t>(id >> 8U));
    }
    return tests::sha256(bytes).substr(0, 16);
  };
  const auto file = [&](const char* name) { return "text:" + (texts / name).string(); };
  EXPECT_EQ(hash(file("tinyshakespeare.txt"), TextSplit::kTrain), "25c01b32b32f4189");
  EXPECT_EQ(hash(file("wagahaiwa_nekodearu.txt"), TextSplit::kTrain), "5f2855d6878766e4");
  EXPECT_EQ(hash("wikitext:" + texts.string(), TextSplit::kValid), "17bc83b54d943c68");
  EXPECT_EQ(hash("wikitext:" + texts.string(), TextSplit::kTest), "33d3634d89dfb45a");
}

}  // namespace
}  // namespace hyena::datasets
