#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/dataset.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

using Ids = std::vector<TokenId>;

TEST(TokenizerRegistry, SaysWhatIsWrongWithASpec) {
  const auto message = [](const std::string& spec) {
    return tests::message_of<ReadError>([&] { open_tokenizer(spec); });
  };
  EXPECT_NE(message("gpt9").find("known kinds: bytes, characters:FILE, gpt2:FOLDER"),
            std::string::npos)
      << message("gpt9");
  EXPECT_NE(message("gpt2").find("it is written gpt2:FOLDER"), std::string::npos);
  EXPECT_NE(message("bytes:x").find("it is written bytes"), std::string::npos);
  EXPECT_NE(message("characters:/no/such").find("/no/such cannot be opened"), std::string::npos);
}

TEST(Bytes, EachIsItsId) {
  const auto tokenizer = open_tokenizer("bytes");
  std::string text;
  Ids ids;
  for (int byte = 255; byte >= 0; --byte) {
    text += static_cast<char>(byte);
    ids.push_back(static_cast<TokenId>(byte));
  }
  EXPECT_EQ(tokenizer->encode(text), ids);
  EXPECT_EQ(tokenizer->decode(ids), text);
  EXPECT_EQ(tokenizer->vocabulary_size(), 257U);
  EXPECT_EQ(tokenizer->encode("a<|endoftext|>b", Specials::kAllow), (Ids{97, 256, 98}));
  EXPECT_EQ(tokenizer->encode("<|endoftext|>").size(), 13U);
  EXPECT_THROW(tokenizer->bytes(257), TokenError);
}

TEST(Characters, AreInTheOrderOfTheirCodePoints) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "text", "bé👋a\nab中");
  const auto tokenizer = open_tokenizer("characters:" + (folder / "text").string());
  EXPECT_EQ(tokenizer->vocabulary_size(), 6U);
  EXPECT_EQ(tokenizer->encode("\nabé中👋"), (Ids{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(tokenizer->decode(Ids{5, 3}), "👋é");
  EXPECT_EQ(tokenizer->end_of_text(), std::nullopt);
  std::vector<std::size_t> ends;
  Ids ids;
  tokenizer->encode("é👋a", ids, Specials::kAllow, &ends);
  EXPECT_EQ(ends, (std::vector<std::size_t>{2, 6, 7}));
  const auto message = tests::message_of<TokenError>([&] { tokenizer->encode("aéz"); });
  EXPECT_NE(message.find("'z' at byte 3 is none of the 6"), std::string::npos) << message;
  EXPECT_THROW(tokenizer->encode("a\xFF"), TokenError);

  tests::write_file(folder / "bad", "ab\xC3(");
  EXPECT_NE(tests::message_of<ReadError>([&] {
              open_tokenizer("characters:" + (folder / "bad").string());
            }).find("no UTF-8 at byte 2"),
            std::string::npos);
  tests::write_file(folder / "empty", "");
  EXPECT_THROW(open_tokenizer("characters:" + (folder / "empty").string()), ReadError);
}

TEST(Nucleotides, UnknownCharactersAreOneTokenEach) {
  const auto tokenizer = open_tokenizer("nucleotides");
  Ids ids;
  std::vector<std::size_t> ends;
  tokenizer->encode("Aé\xFFT[SEP]", ids, Specials::kAllow, &ends);
  EXPECT_EQ(ids, (Ids{7, 6, 6, 10, 1}));
  EXPECT_EQ(ends, (std::vector<std::size_t>{1, 3, 4, 5, 10}));
  EXPECT_EQ(tokenizer->encode("[SEP]").size(), 5U);
}

TEST(Nucleotides, AFrameNeedsRoom) {
  const Frame frame = open_tokenizer("nucleotides")->frame();
  EXPECT_EQ(framed(Ids{7, 8}, frame, 3), (Ids{0, 7, 1}));
  EXPECT_EQ(framed(Ids{7, 8}, frame, 2), (Ids{0, 1}));
  EXPECT_THROW(framed(Ids{7, 8}, frame, 1), TokenError);
  EXPECT_EQ(framed(Ids{7}, {}, 0), (Ids{7}));
  EXPECT_EQ(framed(Ids{7}, {}, 3), (Ids{7}));  // nothing to fill up with
}

TEST(Nucleotides, AreTheReferences) {
  const auto file = tests::golden_dir() / "hyenadna" / "tokenizer.json";
  HYENA_REQUIRE_FOLDER(file);
  const auto cases = nlohmann::json::parse(tests::read_file(file));
  ASSERT_FALSE(cases.empty());
  for (const auto& one : cases) {
    const bool standalone = one.at("tokenizer") == "standalone";
    const auto tokenizer = open_tokenizer(standalone ? "nucleotides" : "nucleotides-hg38");
    const auto text = one.at("text").get<std::string>();
    const Ids ids = tokenizer->encode(text, Specials::kAllow);
    EXPECT_EQ(ids, one.at("ids_no_special").get<Ids>()) << one;
    EXPECT_EQ(framed(ids, tokenizer->frame()), one.at("ids").get<Ids>()) << one;
    EXPECT_EQ(framed(ids, tokenizer->frame(), one.at("max_length").get<std::size_t>()),
              one.at("ids_padded_truncated").get<Ids>())
        << one;
  }
}

}  // namespace
}  // namespace hyena::datasets
