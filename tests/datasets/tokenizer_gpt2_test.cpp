// GPT-2's own vocabulary against ids that its published encoders give.
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <unicode/uchar.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/tokenizer/character_class.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/datasets/sha256.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

fs::path tokenizer_dir() {
  return tests::data_dir() / "tokenizer";
}

/// Both files hold the same vocabulary.
const Tokenizer& gpt2(const std::string& spec) {
  static std::map<std::string, std::unique_ptr<Tokenizer>> open;
  auto& tokenizer = open[spec];
  if (tokenizer == nullptr) tokenizer = open_tokenizer(spec);
  return *tokenizer;
}

class Gpt2Test : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { HYENA_REQUIRE_FOLDER(tokenizer_dir()); }
  const Tokenizer& tokenizer() const {
    const bool huggingface = std::string(GetParam()) == "huggingface";
    return gpt2(GetParam() + (":" + tokenizer_dir().string()) +
                (huggingface ? "/tokenizer.json" : ""));
  }
};

TEST_P(Gpt2Test, TheLinesOfTheVectorFile) {
  const std::string text = tests::read_file(tokenizer_dir() / "gpt2-vectors.txt");
  int lines = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t arrow = line.rfind(" => ");
    if (arrow == std::string::npos) continue;
    std::vector<TokenId> wanted;
    for (const char* at = line.data() + arrow + 4; at < line.data() + line.size(); ++at) {
      at = std::from_chars(at, line.data() + line.size(), wanted.emplace_back()).ptr;
    }
    EXPECT_EQ(tokenizer().encode(line.substr(0, arrow)), wanted) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 100);
}

using Ids = std::vector<TokenId>;

TEST_P(Gpt2Test, PublishedExamples) {
  const std::vector<std::pair<std::string, Ids>> examples = {
      {"", {}},
      {" ", {220}},
      {"\t", {197}},
      {"hello world", {31373, 995}},
      {"Hello World!", {15496, 2159, 0}},
      {"This is some text", {1212, 318, 617, 2420}},
      {"indivisible", {521, 452, 12843}},
      {"hello 👋 world 🌍", {31373, 50169, 233, 995, 12520, 234, 235}},
      {"0", {15}},
      {"00", {405}},
      {"000", {830}},
      {"0000", {2388}},
      {"00000", {20483}},
      {"000000", {10535}},
      {"0000000", {24598}},
      {"00000000", {8269}},
      {"0000000000000000", {25645}},
  };
  for (const auto& [text, ids] : examples) {
    EXPECT_EQ(tokenizer().encode(text), ids) << text;
    EXPECT_EQ(tokenizer().decode(ids), text);
  }
  EXPECT_EQ(tokenizer().encode("hello <|endoftext|>", Specials::kAllow), (Ids{31373, 220, 50256}));
  EXPECT_EQ(tokenizer().vocabulary_size(), 50257U);
  EXPECT_EQ(tokenizer().end_of_text(), 50256U);
}

TEST_P(Gpt2Test, ManyOfOneCharacter) {
  for (const char* text : {"^", "0", "a", "'s", " ", "\n"}) {
    std::string all;
    for (int i = 0; i < 10000; ++i) all += text;
    EXPECT_EQ(tokenizer().decode(tokenizer().encode(all)), all) << text;
  }
}

/// Hash of ids as 16-bit little-endian numbers, its first half.
std::string hash_of(std::span<const TokenId> ids) {
  std::vector<std::uint8_t> bytes;
  for (const TokenId id : ids) {
    bytes.push_back(static_cast<std::uint8_t>(id));
    bytes.push_back(static_cast<std::uint8_t>(id >> 8U));
  }
  return tests::sha256(bytes).substr(0, 16);
}

/// Corpora whose ids are known, whatever their files are called: recognised by size and hash.
struct Corpus {
  std::size_t bytes;
  const char* file_hash;
  std::size_t tokens;
  const char* ids_hash;
};
constexpr Corpus kCorpora[] = {
    {1'115'394, "86c4e6aa9db7c042", 338'025, "25c01b32b32f4189"},
    {1'121'681, "f0737ed31fc13290", 258'659, "17bc83b54d943c68"},
    {1'256'449, "d790b833ef8cf03a", 295'877, "33d3634d89dfb45a"},
    {278'779, "464bd5300c24fce1", 73'660, "7d8827c05ab6279b"},
    {1'120'576, "c2f778906046fd19", 555'660, "5f2855d6878766e4"},
    {185'768, "c2e39cb822d4ae0c", 45'332, "01fd77a3b6be9a7a"},
    {228'145, "0a30b5557f192f32", 112'408, "0fb38fd19560f1c4"},
};

TEST_P(Gpt2Test, WholeCorpora) {
  const fs::path folder = tests::data_dir() / "text";
  HYENA_REQUIRE_FOLDER(folder);
  int known = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    for (const Corpus& corpus : kCorpora) {
      if (entry.file_size() != corpus.bytes) continue;
      const std::string text = tests::read_file(entry.path());
      const std::vector<std::uint8_t> bytes(text.begin(), text.end());
      EXPECT_EQ(tests::sha256(bytes).substr(0, 16), corpus.file_hash) << entry.path();
      const auto ids = tokenizer().encode(text);
      EXPECT_EQ(ids.size(), corpus.tokens) << entry.path();
      EXPECT_EQ(hash_of(ids), corpus.ids_hash) << entry.path();
      EXPECT_TRUE(tokenizer().decode(ids) == text) << entry.path();
      ++known;
    }
  }
  if (known == 0) GTEST_SKIP() << "no corpus with known ids in " << folder;
}

TEST_P(Gpt2Test, LambadaTexts) {
  const fs::path file = tests::data_dir() / "lambada" / "lambada_test.jsonl";
  HYENA_REQUIRE_FOLDER(file);
  const std::string lines = tests::read_file(file);
  std::vector<TokenId> ids;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const auto record = nlohmann::json::parse(lines.substr(begin, end - begin));
    tokenizer().encode(record.at("text").get<std::string>(), ids, Specials::kAsText);
    begin = end + 1;
  }
  EXPECT_EQ(ids.size(), 430'230U);
  EXPECT_EQ(hash_of(ids), "61f2d665e623d8d2");
}

INSTANTIATE_TEST_SUITE_P(Files, Gpt2Test, testing::Values("gpt2", "huggingface"),
                         [](const auto& spec) { return std::string(spec.param); });

TEST(CharacterClasses, AreUnicodes) {
  std::size_t letters = 0;
  std::size_t numbers = 0;
  std::set<char32_t> spaces;
  for (char32_t c = 0; c < 0x110000; ++c) {
    const CharacterClass kind = character_class(c);
    letters += kind == CharacterClass::kLetter ? 1U : 0U;
    numbers += kind == CharacterClass::kNumber ? 1U : 0U;
    if (kind == CharacterClass::kSpace) spaces.insert(c);
  }
  EXPECT_EQ(spaces, (std::set<char32_t>{9,      10,     11,     12,     13,     0x20,   0x85,
                                        0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                        0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                        0x2029, 0x202F, 0x205F, 0x3000}));
  // Later versions only add.
  EXPECT_GE(letters, 136'104U);
  EXPECT_GE(numbers, 1'831U);
  if (std::string(U_UNICODE_VERSION) == "15.0") {
    EXPECT_EQ(letters, 136'104U);
    EXPECT_EQ(numbers, 1'831U);
  }
}

}  // namespace
}  // namespace hyena::datasets
