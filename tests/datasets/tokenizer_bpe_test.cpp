#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <unicode/uchar.h>

#include <gtest/gtest.h>

#include "datasets/tokenizer/gpt2_split.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/datasets/messages.h"
#include "tests/datasets/small_bpe.h"

namespace hyena::datasets {
namespace {

using tests::SmallBpe;

/// The expression's alternatives one by one, over code points, by ICU's own functions.
std::size_t piece_by_the_expression(const std::u32string& text, std::size_t begin) {
  const auto in = [&](std::size_t at, std::uint32_t mask) {
    return at < text.size() && (U_GET_GC_MASK(static_cast<UChar32>(text[at])) & mask) != 0;
  };
  const auto space = [&](std::size_t at) {
    return at < text.size() && u_isUWhiteSpace(static_cast<UChar32>(text[at]));
  };
  for (const std::u32string ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
    if (text.compare(begin, ending.size(), ending) == 0) return begin + ending.size();
  }
  const std::size_t after = begin + (text[begin] == U' ' ? 1 : 0);
  for (int kind = 0; kind < 3; ++kind) {
    const auto fits = [&](std::size_t at) {
      if (kind == 0) return in(at, U_GC_L_MASK);
      if (kind == 1) return in(at, U_GC_N_MASK);
      return at < text.size() && !in(at, U_GC_L_MASK | U_GC_N_MASK) && !space(at);
    };
    std::size_t at = after;
    while (fits(at)) ++at;
    if (at > after) return at;
  }
  std::size_t at = begin;
  while (space(at)) ++at;
  for (std::size_t end = at; end > begin; --end) {  // \s+(?!\S)
    if (end == text.size() || space(end)) return end;
  }
  return at;
}

TEST(Gpt2Split, IsTheExpressionOnRandomText) {
  const std::u32string alphabet =
      U"   \t\n\r\u000B\u001C\u0085\u00A0\u1680\u180E\u2003\u2028\u200B\u3000\uFEFF'''sStmdrevl"
      U"aZé中ぬ가0٣²Ⅷ½.!-_€👋\u0301\u0E31";
  const std::vector<std::u32string> contractions = {U"'re", U"'ve", U"'ll", U"'RE", U"'se"};
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::u32string text;
    std::string bytes;
    std::vector<std::size_t> starts;  // of each code point in bytes, and the end
    const std::size_t length = 1 + random() % 12;
    std::u32string ahead;  // of a contraction, which single characters seldom make
    for (std::size_t i = 0; i < length; ++i) {
      if (ahead.empty()) {
        ahead = random() % 6 == 0 ? contractions[random() % contractions.size()]
                                  : alphabet.substr(random() % alphabet.size(), 1);
      }
      text += ahead[0];
      ahead.erase(0, 1);
      starts.push_back(bytes.size());
      append_utf8(text.back(), bytes);
    }
    starts.push_back(bytes.size());
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = piece_by_the_expression(text, at);
      ASSERT_EQ(gpt2_piece_end(bytes, starts[at]), starts[end]) << bytes << " at " << starts[at];
      at = end;
    }
  }
}

TEST(Gpt2Split, BadBytesAreCharactersOfTheirOwn) {
  EXPECT_EQ(gpt2_piece_end("\xFFz", 0), 1U);
  EXPECT_EQ(gpt2_piece_end(" \x80!\xE4\xB8z", 0), 5U);
  EXPECT_EQ(gpt2_piece_end("a\xC3", 0), 1U);
}

/// One merge after the other: best rank, leftmost.
std::vector<TokenId> merged_plainly(const SmallBpe& bpe, const std::string& piece) {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> ranks;
  for (std::size_t m = 0; m < bpe.merges.size(); ++m) ranks.emplace(bpe.merges[m], m);
  std::vector<TokenId> ids;
  for (const char c : piece) ids.push_back(static_cast<unsigned char>(c));
  while (true) {
    std::size_t best = bpe.merges.size();
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = ranks.find({ids[i], ids[i + 1]});
      if (found == ranks.end() || found->second >= best) continue;
      best = found->second;
      place = i;
    }
    if (best == bpe.merges.size()) return ids;
    ids[place] = static_cast<TokenId>(256 + best);
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

std::string random_text(std::mt19937& random, const std::string& alphabet, std::size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[random() % alphabet.size()];
  return text;
}

class SmallBpeTest : public testing::Test {
 protected:
  SmallBpeTest() {
    bpe_.write(folder_.path());
    tokenizer_ = open_tokenizer("gpt2:" + folder_.path().string());
  }
  tests::TemporaryFolder folder_;
  SmallBpe bpe_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(SmallBpeTest, MergesAsThePlainWay) {
  std::mt19937 random(2);
  for (std::size_t length = 1; length < 200; ++length) {
    for (int round = 0; round < 6; ++round) {
      const std::string piece = random_text(random, round % 2 == 0 ? "abcd" : "ab", length);
      ASSERT_EQ(tokenizer_->encode(piece), merged_plainly(bpe_, piece)) << piece;
    }
  }
}

TEST_F(SmallBpeTest, ATokensBytesNeedNotGiveThatToken) {
  int others = 0;
  for (std::size_t id = 256; id < bpe_.tokens.size(); ++id) {
    const std::string piece(tokenizer_->bytes(static_cast<TokenId>(id)));
    if (piece.find(' ') != std::string::npos) continue;
    const auto ids = tokenizer_->encode(piece);
    ASSERT_EQ(ids, merged_plainly(bpe_, piece)) << piece;
    others += ids != std::vector<TokenId>{static_cast<TokenId>(id)} ? 1 : 0;
  }
  EXPECT_GT(others, 0) << "the merges do not show it";
}

TEST_F(SmallBpeTest, OneThreadKeepsTwoTokenizersApart) {
  const tests::TemporaryFolder folder;
  const SmallBpe other(40);
  other.write(folder.path());
  const auto second = open_tokenizer("gpt2:" + folder.path().string());
  std::mt19937 random(6);
  for (int round = 0; round < 300; ++round) {
    const std::string piece = random_text(random, "abcd", 1 + random() % 12);
    for (int again = 0; again < 2; ++again) {
      ASSERT_EQ(tokenizer_->encode(piece), merged_plainly(bpe_, piece)) << piece;
      ASSERT_EQ(second->encode(piece), merged_plainly(other, piece)) << piece;
    }
  }
}

TEST_F(SmallBpeTest, OneLetterRepeatedIsNotSlow) {
  const std::string piece(1'000'000, 'a');  // minutes where time grows as the square
  EXPECT_EQ(tokenizer_->decode(tokenizer_->encode(piece)), piece);
}

TEST_F(SmallBpeTest, AnyBytesComeBack) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 100, '\0');
    for (char& c : text) c = static_cast<char>(random());
    ASSERT_EQ(tokenizer_->decode(tokenizer_->encode(text)), text);
  }
}

TEST_F(SmallBpeTest, EndsTellWhereTokensLie) {
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    std::string text = random_text(random, "abcd  \n1é", random() % 80);
    if (round % 3 == 0) text.insert(random() % (text.size() + 1), "<|endoftext|>");
    for (const Specials specials : {Specials::kAllow, Specials::kAsText}) {
      std::vector<TokenId> ids = {5};  // what was there stays
      std::vector<std::size_t> ends = {99};
      tokenizer_->encode(text, ids, specials, &ends);
      ASSERT_EQ(ids.size(), ends.size());
      ASSERT_EQ(ends[0], 99U);
      std::size_t begin = 0;
      for (std::size_t i = 1; i < ids.size(); ++i) {
        ASSERT_EQ(text.substr(begin, ends[i] - begin), tokenizer_->bytes(ids[i]));
        begin = ends[i];
      }
      ASSERT_EQ(begin, text.size());
    }
  }
}

TEST_F(SmallBpeTest, SpecialTokensOnlyWhereAllowed) {
  const std::string text = "ab<|endoftext|>cd";
  const TokenId end = static_cast<TokenId>(bpe_.tokens.size());
  EXPECT_EQ(tokenizer_->end_of_text(), end);
  EXPECT_EQ(std::ranges::count(tokenizer_->encode(text), end), 0);
  const auto allowed = tokenizer_->encode(text, Specials::kAllow);
  EXPECT_EQ(std::ranges::count(allowed, end), 1);
  EXPECT_EQ(tokenizer_->decode(allowed), text);
  const auto message =
      tests::message_of<TokenError>([&] { tokenizer_->encode(text, Specials::kRefuse); });
  EXPECT_NE(message.find("<|endoftext|> at byte 2"), std::string::npos) << message;
}

TEST_F(SmallBpeTest, AnIdPastTheVocabularyIsNamed) {
  const std::vector<TokenId> ids = {97, static_cast<TokenId>(tokenizer_->vocabulary_size())};
  const auto message = tests::message_of<TokenError>([&] { tokenizer_->decode(ids); });
  EXPECT_NE(message.find("457 is past the vocabulary of 457"), std::string::npos) << message;
}

TEST_F(SmallBpeTest, TwoThreadsEncodeAsOne) {
  std::mt19937 random(5);
  const std::string text = random_text(random, "abcdabcdabcd \n'é", 200'000);
  const auto alone = tokenizer_->encode(text);
  std::vector<std::vector<TokenId>> both(2);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : both) threads.emplace_back([&] { ids = tokenizer_->encode(text); });
  }
  EXPECT_EQ(both[0], alone);
  EXPECT_EQ(both[1], alone);
}

}  // namespace
}  // namespace hyena::datasets
