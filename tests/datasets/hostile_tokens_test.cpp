// Files that were made to break a reader of token shards or of tokenizer.json. Each entry says what
// is wrong with it; all are refused with a ReadError that names the file and, in a shard, the byte.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/dataset.h"
#include "datasets/text/shards.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/datasets/messages.h"
#include "tests/datasets/small_bpe.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;

template <class... Numbers>
std::string packed(Numbers... numbers) {
  std::string bytes;
  const auto add = [&](auto number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  (add(numbers), ...);
  return bytes;
}

struct HostileShard {
  const char* what;
  const char* format;
  std::string bytes;  ///< of .bin, or of .idx beside a .bin with 8 bytes
  const char* refusal;
};

std::string llmc(std::int32_t magic, std::int32_t version, std::int32_t count, std::size_t bytes) {
  return packed(magic, version, count) + std::string(1012, '\0') + std::string(bytes, '\1');
}

struct MegatronIndex {
  std::string magic = std::string("MMIDIDX\0\0", 9);
  std::uint64_t version = 1;
  std::uint8_t type = 8;
  std::uint64_t sequences = 2;
  std::uint64_t entries = 3;
  std::string lists = packed(3, 1) + packed(std::int64_t{0}, std::int64_t{6}) +
                      packed(std::int64_t{0}, std::int64_t{1}, std::int64_t{2});
  std::string behind = "";
  std::string bytes() const {
    return magic + packed(version) + packed(type) + packed(sequences, entries) + lists + behind;
  }
};

std::vector<HostileShard> hostile_shards() {
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  const auto index = [](const std::function<void(MegatronIndex&)>& change) {
    MegatronIndex made;
    change(made);
    return made.bytes();
  };
  const auto lists = [&](std::int32_t first, std::int64_t pointer, std::int64_t start,
                         std::int64_t end) {
    return index([&](MegatronIndex& i) {
      i.lists =
          packed(first, 1) + packed(std::int64_t{0}, pointer) + packed(std::int64_t{0}, start, end);
    });
  };
  return {
      {"no byte at all", "llmc", "", "byte 0: 0 bytes are too few for the header of 1024"},
      {"the header cut off", "llmc", llmc(20240520, 1, 4, 8).substr(0, 1023), "byte 0: 1023 bytes"},
      {"another file of that size", "llmc", std::string(2000, 'x'),
       "byte 0: the number 2021161080"},
      {"multiple-choice questions", "llmc", llmc(20240522, 1, 4, 8), "byte 0: multiple-choice"},
      {"the other byte order", "llmc", llmc(0x08D83401, 1, 4, 8), "byte 0: the number"},
      {"the version of the other width", "llmc", llmc(20240520, 7, 4, 8), "byte 4: version 7"},
      {"a negative count", "llmc", llmc(20240520, 1, -4, 8), "byte 8: a shard of -4 tokens"},
      {"no tokens", "llmc", llmc(20240520, 1, 0, 0), "byte 8: a shard of 0 tokens"},
      {"more tokens than bytes", "llmc", llmc(20240520, 1, 2147483647, 8),
       "byte 8: 2147483647 tok"},
      {"half a token", "llmc", llmc(20240520, 1, 4, 7),
       "byte 8: 4 tokens of 2 bytes are not the 7"},
      {"bytes behind", "llmc", llmc(20240801, 7, 2, 9),
       "byte 8: 2 tokens of 4 bytes are not the 9"},
      {"no byte at all", "nanogpt", "", "byte 0: the file is empty"},
      {"half a token", "nanogpt", "abc", "byte 2: half a token at the end"},
      {"no byte at all", "megatron", "", "byte 0: 0 bytes are too few for the header of 34"},
      {"another magic", "megatron", index([](auto& i) { i.magic[0] = 'T'; }),
       "byte 0: it does not"},
      {"a later version", "megatron", index([](auto& i) { i.version = 2; }), "byte 9: version 2"},
      {"tokens that are floats", "megatron", index([](auto& i) { i.type = 7; }), "byte 17: tokens"},
      {"an unknown type", "megatron", index([](auto& i) { i.type = 200; }),
       "byte 17: tokens of type"},
      {"so many sequences that sizes overflow", "megatron",
       index([](auto& i) { i.sequences = kHuge / 12 + 2; }),
       "byte 18: 1537228672809129303 sequences"},
      {"so many documents that sizes overflow", "megatron",
       index([](auto& i) { i.entries = kHuge / 8 + 2; }), "byte 26: 2305843009213693953 documents"},
      {"no sequences", "megatron", index([](auto& i) {
         i.sequences = 0;
         i.entries = 1;
         i.lists = packed(std::int64_t{0});
       }),
       "byte 18: there are no sequences"},
      {"a list cut off", "megatron", index([](auto& i) { i.lists.pop_back(); }), "byte 26: 3 doc"},
      {"bytes behind the lists", "megatron", index([](auto& i) { i.behind = "xyz"; }),
       "byte 82: 3 b"},
      {"a negative length", "megatron", lists(-3, 6, 1, 2),
       "byte 34: sequence 0 has a length of -3"},
      {"a pointer past the file", "megatron", lists(3, 1 << 30, 1, 2),
       "byte 50: sequence 1 begins"},
      {"a pointer that overlaps", "megatron", lists(3, 4, 1, 2), "but the one before ends at 6"},
      {"documents that go back", "megatron", lists(3, 6, -1, 2), "byte 66: document 1 begins"},
      {"a document past the sequences", "megatron", lists(3, 6, 3, 2),
       "byte 66: document 1 begins"},
      {"sequences without a document", "megatron", lists(3, 6, 1, 1), "byte 74: the last document"},
      {"a longer .bin than the index says", "megatron", lists(2, 4, 1, 2), "byte 8: the file ends"},
  };
}

TEST(HostileShards, AreRefusedWithTheByte) {
  const tests::TemporaryFolder folder;
  ASSERT_GE(hostile_shards().size(), 30U);
  for (const auto& [what, format, bytes, refusal] : hostile_shards()) {
    SCOPED_TRACE(std::string(format) + ": " + what);
    const auto& entry = find_shard_format(format);
    tests::write_file(folder / "x.bin", "\1\2\3\4\5\6\7\1");
    tests::write_file(folder / ("x" + entry.extension), bytes);
    const auto message =
        tests::message_of<ReadError>([&] { entry.open(folder / ("x" + entry.extension), 50257); });
    EXPECT_TRUE(message.starts_with((folder / "x.").string())) << message;
    EXPECT_NE(message.find(refusal), std::string::npos) << message;
  }
  // The pattern itself is whole.
  tests::write_file(folder / "x.bin", "\1\2\3\4\5\6\7\1");
  tests::write_file(folder / "x.idx", MegatronIndex().bytes());
  EXPECT_EQ(megatron_format().open(folder / "x.idx", 50257)->size(), 4U);
  EXPECT_THROW(megatron_format().open(folder / "absent.idx", 0), ReadError);
  EXPECT_THROW(nanogpt_format().open(folder.path(), 0), ReadError);
}

struct HostileTokenizer {
  const char* what;
  std::function<void(json&)> change;  ///< of a file that is whole
  const char* refusal;
};

std::vector<HostileTokenizer> hostile_tokenizers() {
  return {
      {"an id of 2^64 - 1", [](json& f) { f["model"]["vocab"]["a"] = UINT64_MAX; },
       "past the vocabulary of 457"},
      {"an id of 2^32", [](json& f) { f["model"]["vocab"]["a"] = std::uint64_t{1} << 32U; },
       "past the vocabulary of 457"},
      {"a negative id", [](json& f) { f["model"]["vocab"]["a"] = -1; }, "whole number from 0"},
      {"an id that is no whole number", [](json& f) { f["model"]["vocab"]["a"] = 97.5; },
       "whole number from 0"},
      {"an id twice", [](json& f) { f["model"]["vocab"]["a"] = 98; }, "two tokens have id 98"},
      {"no token for a byte", [](json& f) { f["model"]["vocab"].erase("b"); }, ""},
      {"a token without bytes", [](json& f) { f["model"]["vocab"][""] = 457; }, "the token ''"},
      {"a token of no byte's character", [](json& f) { f["model"]["vocab"]["中"] = 457; },
       "not written in the 256 characters"},
      {"a merge of what is no token", [](json& f) { f["model"]["merges"].push_back("zz zz"); },
       "is not in the vocabulary"},
      {"a merge to what is no token", [](json& f) { f["model"]["merges"].push_back("z z"); },
       "is not in the vocabulary"},
      {"the same merge again",
       [](json& f) { f["model"]["merges"].push_back(f["model"]["merges"][0]); },
       "the same pair came before"},
      {"a merge of one", [](json& f) { f["model"]["merges"].push_back("ab"); },
       "one space between"},
      {"a merge of three",
       [](json& f) {
         f["model"]["merges"].push_back(json::array({"a", "b", "c"}));
       },
       "neither a string nor two strings"},
      {"merges that are an object", [](json& f) { f["model"]["merges"] = json::object(); },
       "merges is not an array"},
      {"a special token without text", [](json& f) { f["added_tokens"][0]["content"] = ""; },
       "an added token has no text"},
      {"a special token twice", [](json& f) { f["added_tokens"].push_back(f["added_tokens"][0]); },
       "appears twice"},
      {"a special token of an id that is taken", [](json& f) { f["added_tokens"][0]["id"] = 5; },
       "have id 5"},
      {"a special token far past the rest", [](json& f) { f["added_tokens"][0]["id"] = 1U << 31U; },
       "past the vocabulary of 457"},
      {"another kind of model", [](json& f) { f["model"]["type"] = "Unigram"; }, "\"Unigram\""},
      {"random merges", [](json& f) { f["model"]["dropout"] = 0.1; }, "dropout is 0.1"},
      {"a normalizer",
       [](json& f) {
         f["normalizer"] = {{"type", "NFC"}};
       },
       "normalizer is"},
      {"a list of pre-tokenizers",
       [](json& f) {
         f["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {}}};
       },
       "pre_tokenizer is"},
      {"a field that nobody knows", [](json& f) { f["model"]["run"] = "rm"; },
       "model.run is not understood"},
      {"no model", [](json& f) { f.erase("model"); }, "model is missing"},
      {"an array", [](json& f) { f = json::array({f}); }, "the file is not an object"},
  };
}

TEST(HostileTokenizerJson, IsRefusedByWhatIsWrong) {
  const tests::TemporaryFolder folder;
  const std::string path = (folder / "tokenizer.json").string();
  const auto message = [&](const std::string& text) {
    tests::write_file(path, text);
    return tests::message_of<ReadError>([&] { open_tokenizer("huggingface:" + path); });
  };
  const json whole = tests::SmallBpe().huggingface();
  EXPECT_EQ(message(whole.dump()), "(nothing was thrown)");
  ASSERT_GE(hostile_tokenizers().size(), 20U);
  for (const auto& [what, change, refusal] : hostile_tokenizers()) {
    SCOPED_TRACE(what);
    json file = whole;
    change(file);
    const auto said = message(file.dump());
    EXPECT_TRUE(said.starts_with(path)) << said;
    EXPECT_NE(said.find(refusal), std::string::npos) << said;
  }
  // What no JSON library would write.
  const std::string text = whole.dump();
  const std::vector<std::pair<std::string, const char*>> raw = {
      {"", "invalid JSON"},
      {text + "x", "invalid JSON"},
      {text.substr(0, text.size() / 2), "invalid JSON, is the file cut off?"},
      {std::string(1000000, '['), "more than 32 levels"},
      {std::string("{\"version\":\"1.0\"\0}", 18), "a byte 0"},
      {"{\"version\":\"1.0\",\"version\":\"1.0\"}", "the key 'version' appears twice"},
      {"{\"version\":\"\xFF\"}", "invalid JSON"},
      {"{\"version\":\"\\ud800\"}", "invalid JSON"},
      {"{\"model\":1e999}", "invalid JSON"},
  };
  for (const auto& [bytes, refusal] : raw) {
    const auto said = message(bytes);
    EXPECT_TRUE(said.starts_with(path)) << said;
    EXPECT_NE(said.find(refusal), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace hyena::datasets
