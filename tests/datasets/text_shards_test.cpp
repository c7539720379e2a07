// Token shards: what is written is what the formats' own programs write, and comes back; what is
// broken is refused with its place.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "datasets/text/shards.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<TokenId>;

Ids random_ids(std::size_t count, std::uint64_t bound, unsigned seed) {
  std::mt19937 random(seed);
  Ids ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random() % bound);
  return ids;
}

Ids all_of(const TokenSource& source) {
  std::vector<std::int64_t> ids(source.size());
  source.read(0, std::span(ids));
  return {ids.begin(), ids.end()};
}

template <class... Numbers>
std::string packed(Numbers... numbers) {
  std::string bytes;
  const auto add = [&](auto number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  (add(numbers), ...);
  return bytes;
}

using Format = std::tuple<const char*, std::uint64_t>;  // name, vocabulary

class ShardsTest : public testing::TestWithParam<Format> {
 protected:
  const ShardFormat& format() const { return find_shard_format(std::get<0>(GetParam())); }
  std::uint64_t vocabulary() const { return std::get<1>(GetParam()); }
  fs::path file(const std::string& name = "x") const {
    return folder_ / (name + format().extension);
  }
  tests::TemporaryFolder folder_;
};

TEST_P(ShardsTest, WhatWasWrittenComesBack) {
  Ids all;
  {
    const auto writer = format().create(file(), vocabulary());
    for (const unsigned size : {5U, 0U, 10000U, 1U}) {
      const Ids ids = random_ids(size, vocabulary(), size);
      writer->append(std::span(ids).first(size / 2));
      writer->append(std::span(ids).subspan(size / 2));
      writer->end_document();
      all.insert(all.end(), ids.begin(), ids.end());
    }
    EXPECT_EQ(writer->tokens(), all.size());
    EXPECT_FALSE(fs::exists(file()));
    writer->commit();
  }
  const auto source = format().open(file(), vocabulary());
  EXPECT_EQ(all_of(*source), all);
  EXPECT_EQ(source->vocabulary(), vocabulary());
  if (source->knows_documents()) {
    ASSERT_EQ(source->documents(), 3U);  // the one without tokens is none
    EXPECT_EQ(source->document_start(1), 5U);
    EXPECT_EQ(source->document_start(2), 10005U);
  }
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}

TEST_P(ShardsTest, AWriterGoesOnFromWhatWasSaved) {
  const Ids ids = random_ids(30000, vocabulary(), 3);
  const auto write = [&](ShardWriter& writer, std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; at += 3) {  // documents of 9
      writer.append(std::span(ids).subspan(at, 3));
      if (at % 9 == 6) writer.end_document();
    }
  };
  const auto whole = format().create(file("whole"), vocabulary());
  write(*whole, 0, ids.size());
  whole->commit();
  for (const bool committed : {false, true}) {
    const std::string name = committed ? "again" : "broken";
    std::vector<std::uint64_t> saved;
    {
      const auto writer = format().create(file(name), vocabulary());
      write(*writer, 0, 15000);  // within a document
      saved = writer->save();
      write(*writer, 15000, 27000);
      if (committed) writer->commit();
    }
    {  // what came later is gone also where nothing is written over it
      const auto writer = format().resume(file(name), vocabulary(), saved);
      writer->commit();
      EXPECT_EQ(all_of(*format().open(file(name), vocabulary())),
                Ids(ids.begin(), ids.begin() + 15000));
    }
    const auto writer = format().resume(file(name), vocabulary(), saved);
    EXPECT_EQ(writer->tokens(), 15000U);
    write(*writer, 15000, ids.size());
    writer->commit();
    for (const char* extension : {".bin", ".idx"}) {
      const auto expected = folder_ / (std::string("whole") + extension);
      if (!fs::exists(expected)) continue;
      EXPECT_TRUE(tests::read_file(folder_ / (name + extension)) == tests::read_file(expected));
    }
  }
  fs::resize_file(folder_ / "whole.bin", 2000);
  EXPECT_THROW(format().resume(file("whole"), vocabulary(), {30000, 30000, 0}), ReadError);
}

TEST_P(ShardsTest, AnIdPastTheVocabularyIsNamedWithItsByte) {
  const Ids ids = random_ids(100, vocabulary(), 4);
  const auto writer = format().create(file(), vocabulary());
  writer->append(ids);
  writer->end_document();
  writer->commit();
  const TokenId bound = *std::ranges::max_element(ids);
  const auto at = std::ranges::find(ids, bound) - ids.begin();
  const auto source = format().open(file(), bound);
  const auto message = tests::message_of<ReadError>([&] { all_of(*source); });
  EXPECT_NE(message.find("x.bin, token " + std::to_string(at) + " (byte "), std::string::npos)
      << message;
  EXPECT_NE(message.find("id " + std::to_string(bound) + " is past the vocabulary of " +
                         std::to_string(bound)),
            std::string::npos)
      << message;
}

INSTANTIATE_TEST_SUITE_P(All, ShardsTest,
                         testing::Values(Format{"llmc", 50257}, Format{"llmc", 128256},
                                         Format{"nanogpt", 50257}, Format{"megatron", 50257},
                                         Format{"megatron", 128256}),
                         [](const auto& one) {
                           return std::get<0>(one.param) + std::to_string(std::get<1>(one.param));
                         });

TEST(Shards, AreTheBytesOfTheFormats) {
  const tests::TemporaryFolder folder;
  const auto write = [&](const std::string& format, std::uint64_t vocabulary) {
    const auto& entry = find_shard_format(format);
    const auto writer = entry.create(folder / (format + entry.extension), vocabulary);
    writer->append(Ids{1, 2, 50000});
    writer->end_document();
    writer->append(Ids{7});
    writer->end_document();
    writer->commit();
    return tests::read_file(folder / (format + ".bin"));
  };
  const auto tokens16 = packed<std::uint16_t, std::uint16_t, std::uint16_t, std::uint16_t>;
  const std::string ids16 = tokens16(1, 2, 50000, 7);
  const std::string ids32 = packed(1U, 2U, 50000U, 7U);
  EXPECT_EQ(write("nanogpt", 50257), ids16);
  EXPECT_EQ(write("llmc", 50257), packed(20240520, 1, 4) + std::string(1012, '\0') + ids16);
  EXPECT_EQ(write("llmc", 128256), packed(20240801, 7, 4) + std::string(1012, '\0') + ids32);
  const auto index = [](char type, std::int64_t width) {
    return std::string("MMIDIDX\0\0", 9) + packed(std::uint64_t{1}) + type +
           packed(std::uint64_t{2}, std::uint64_t{3}) + packed(3, 1) +
           packed(std::int64_t{0}, 3 * width) +
           packed(std::int64_t{0}, std::int64_t{1}, std::int64_t{2});
  };
  EXPECT_EQ(write("megatron", 50257), ids16);
  EXPECT_EQ(tests::read_file(folder / "megatron.idx"), index(8, 2));
  EXPECT_EQ(write("megatron", 65500), ids32);
  EXPECT_EQ(tests::read_file(folder / "megatron.idx"), index(4, 4));
}

TEST(Shards, AFolderIsItsFilesInOrder) {
  const tests::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const Ids& ids) {
    const auto writer = nanogpt_format().create(folder / name, 100);
    writer->append(ids);
    writer->commit();
  };
  write("b.bin", {3, 4});
  write("a.bin", {1, 2});
  const std::string spec = "nanogpt:" + folder.path().string();
  EXPECT_EQ(all_of(*open_token_shards(spec, TextSplit::kTrain)), (Ids{1, 2, 3, 4}));
  EXPECT_THROW(open_token_shards(spec, TextSplit::kValid), ReadError);
  write("web_train_000001.bin", {6});
  write("web_train_000000.bin", {5});
  write("web_val_000000.bin", {9});
  EXPECT_EQ(all_of(*open_token_shards(spec, TextSplit::kTrain)), (Ids{5, 6}));
  EXPECT_EQ(all_of(*open_token_shards(spec, TextSplit::kValid)), (Ids{9}));
  EXPECT_EQ(tests::message_of<ReadError>([&] { open_token_shards(spec, TextSplit::kTest); }),
            folder.path().string() + ": there is no *.bin with 'test' in its name");
  EXPECT_EQ(all_of(*open_token_shards(spec + "/a.bin", TextSplit::kTest)), (Ids{1, 2}));
  EXPECT_EQ(tests::message_of<ReadError>([&] { open_token_shards("x:y", TextSplit::kTest); }),
            "unknown format of token shards 'x'; known: llmc, nanogpt, megatron");
  EXPECT_THROW(open_token_shards("llmc", TextSplit::kTrain), ReadError);
}

}  // namespace
}  // namespace hyena::datasets
