#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datasets/tokenizer/kinds.h"
#include "datasets/tokenizer/stream_decoder.h"
#include "datasets/tokenizer/utf8.h"
#include "tests/datasets/small_bpe.h"

namespace hyena::datasets {
namespace {

/// Whether all of `text` is characters.
bool whole(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8 read = read_utf8(text, at);
    if (read.kind != Utf8::Kind::kCharacter) return false;
    at += read.length;
  }
  return true;
}

std::string random_utf8(std::mt19937& random, std::size_t characters) {
  constexpr char32_t kLimits[] = {0x80, 0x800, 0x10000, 0x110000};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    const char32_t c = random() % kLimits[random() % 4];
    append_utf8(c >= 0xD800 && c < 0xE000 ? U'a' : c, text);
  }
  return text;
}

TEST(Utf8, RandomCharactersComeBack) {
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    const char32_t c = random() % 0x110000;
    std::string text;
    append_utf8(c, text);
    const Utf8 read = read_utf8(text, 0);
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    ASSERT_EQ(read.kind == Utf8::Kind::kCharacter, !surrogate) << static_cast<std::uint32_t>(c);
    if (surrogate) continue;
    EXPECT_EQ(read.character, c);
    EXPECT_EQ(read.length, text.size());
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      const Utf8 part = read_utf8(text.substr(0, cut), 0);
      EXPECT_EQ(part.kind, Utf8::Kind::kTruncated);
      EXPECT_EQ(part.length, cut);
    }
  }
}

/// Tables 3-8 to 3-11 of the Unicode Standard 15, section 3.9.
TEST(Utf8, BadBytesBecomeReplacementsAsTheStandardSays) {
  const std::string r = "\uFFFD";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\xF1\x80\x80\xE1\x80\xC2"
       "b\x80"
       "c\x80\xBF"
       "d",
       "a" + r + r + r + "b" + r + "c" + r + r + "d"},
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82"
       "A",
       r + r + r + r + r + r + r + r + "A"},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF"
       "A",
       r + r + r + r + r + r + r + r + "A"},
      {"\xF4\x91\x92\x93\xFF"
       "A\x80\xBF"
       "B",
       r + r + r + r + r + "A" + r + r + "B"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
       "A",
       r + r + r + r + "A"},
      {"x\xE4\xB8", "x" + r},
  };
  for (const auto& [bytes, wanted] : cases) {
    std::string pending = bytes;
    std::string out;
    drain_utf8(pending, out, true);
    EXPECT_EQ(out, wanted);
    EXPECT_EQ(pending, "");
  }
}

TEST(StreamDecoder, NeverSplitsACharacterWhereverTokensDo) {
  const auto tokenizer = open_tokenizer("bytes");  // splits every character everywhere
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_utf8(random, 1 + random() % 30);
    StreamDecoder decoder(*tokenizer);
    std::string all;
    for (const TokenId id : tokenizer->encode(text)) {
      const std::string piece = decoder.push(id);
      ASSERT_TRUE(whole(piece));
      all += piece;
      ASSERT_LT(text.find(all), 1U) << "not a beginning of the text";
    }
    ASSERT_EQ(decoder.finish(), "");
    ASSERT_EQ(all, text);
  }
}

TEST(StreamDecoder, ATextCutAtAnyTokenGivesItsCharactersAndAtMostOneReplacement) {
  const tests::TemporaryFolder folder;
  tests::SmallBpe().write(folder.path());
  const auto tokenizer = open_tokenizer("gpt2:" + folder.path().string());
  const std::string text = "aé b中ab👋 cdab\u0301";
  const auto ids = tokenizer->encode(text);
  for (std::size_t cut = 0; cut <= ids.size(); ++cut) {
    StreamDecoder decoder(*tokenizer);
    std::string shown;
    for (std::size_t i = 0; i < cut; ++i) shown += decoder.push(ids[i]);
    const std::string bytes = tokenizer->decode(std::span(ids).first(cut));
    ASSERT_LT(bytes.find(shown), 1U);
    EXPECT_LT(bytes.size() - shown.size(), 4U);
    EXPECT_EQ(decoder.finish(), bytes == shown ? "" : "\uFFFD");
    EXPECT_EQ(decoder.push(ids[0]), "a");  // as new
  }
}

TEST(StreamDecoder, AnyBytesAreTheSameAsAtOnce) {
  const auto tokenizer = open_tokenizer("bytes");
  const std::string alphabet = "a\x80\xBF\xC3\xE0\xED\xF0\xF4\xFF\xA0\x90";
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += alphabet[random() % alphabet.size()];
    StreamDecoder decoder(*tokenizer);
    std::string all;
    for (const TokenId id : tokenizer->encode(text)) {
      const std::string piece = decoder.push(id);
      ASSERT_TRUE(whole(piece));
      all += piece;
    }
    all += decoder.finish();
    std::string pending = text;
    std::string at_once;
    drain_utf8(pending, at_once, true);
    ASSERT_EQ(all, at_once);
  }
}

}  // namespace
}  // namespace hyena::datasets
