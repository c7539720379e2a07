// What is wrong with a tokenizer's files is said by name.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/dataset.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/datasets/messages.h"
#include "tests/datasets/small_bpe.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;
using tests::SmallBpe;

class TokenizerFiles : public testing::Test {
 protected:
  /// What opening a folder with these two files says.
  std::string gpt2_message(const std::string& vocabulary, const std::string& merges) {
    tests::write_file(folder_ / "encoder.json", vocabulary);
    tests::write_file(folder_ / "vocab.bpe", merges);
    return tests::message_of<ReadError>([&] { open_tokenizer("gpt2:" + folder_.path().string()); });
  }
  std::string huggingface_message(const std::string& text) {
    tests::write_file(folder_ / "tokenizer.json", text);
    return tests::message_of<ReadError>(
        [&] { open_tokenizer("huggingface:" + (folder_ / "tokenizer.json").string()); });
  }
  json vocabulary() const {
    json object = bpe_.vocabulary();
    object["<|endoftext|>"] = bpe_.tokens.size();
    return object;
  }
  void expect_in(const std::string& wanted, const std::string& message) {
    EXPECT_NE(message.find(wanted), std::string::npos) << "not '" << wanted << "' in: " << message;
    EXPECT_NE(message.find(folder_.path().string()), std::string::npos) << message;
  }

  tests::TemporaryFolder folder_;
  SmallBpe bpe_;
};

const std::string kNothing = "(nothing was thrown)";

TEST_F(TokenizerFiles, BothFormatsGiveTheSameTokenizer) {
  EXPECT_EQ(gpt2_message(vocabulary().dump(), bpe_.merge_lines()), kNothing);
  json file = bpe_.huggingface();
  EXPECT_EQ(huggingface_message(file.dump()), kNothing);
  const auto gpt2 = open_tokenizer("gpt2:" + folder_.path().string());
  const auto huggingface = open_tokenizer("huggingface:" + (folder_ / "tokenizer.json").string());
  // Newer files write a merge as two strings.
  for (json& merge : file["model"]["merges"]) {
    const auto pair = merge.get<std::string>();
    merge = {pair.substr(0, pair.find(' ')), pair.substr(pair.find(' ') + 1)};
  }
  EXPECT_EQ(huggingface_message(file.dump()), kNothing);
  const auto newer = open_tokenizer("huggingface:" + (folder_ / "tokenizer.json").string());
  const std::string text = "abcd dcba's <|endoftext|> aabbccdd";
  for (const Specials specials : {Specials::kAllow, Specials::kAsText}) {
    EXPECT_EQ(gpt2->encode(text, specials), huggingface->encode(text, specials));
    EXPECT_EQ(gpt2->encode(text, specials), newer->encode(text, specials));
  }
}

TEST_F(TokenizerFiles, OtherNamesOfTheTwoFiles) {
  tests::write_file(folder_ / "vocab.json", vocabulary().dump());
  tests::write_file(folder_ / "merges.txt", bpe_.merge_lines());
  EXPECT_EQ(open_tokenizer("gpt2:" + folder_.path().string())->vocabulary_size(), 457U);
}

TEST_F(TokenizerFiles, NoFiles) {
  const auto message =
      tests::message_of<ReadError>([&] { open_tokenizer("gpt2:" + folder_.path().string()); });
  expect_in("neither encoder.json", message);
}

TEST_F(TokenizerFiles, TruncatedAnywhere) {
  const std::string text = bpe_.huggingface().dump();
  for (std::size_t size = 0; size < text.size(); size += 1 + size / 40) {
    expect_in("invalid JSON", huggingface_message(text.substr(0, size)));
  }
  const std::string names = vocabulary().dump();
  expect_in("invalid JSON", gpt2_message(names.substr(0, names.size() - 1), bpe_.merge_lines()));
  const std::string merges = bpe_.merge_lines();
  // A cut within a line makes it another merge or none, a cut between lines leaves tokens unmade.
  for (std::size_t size = 0; size + 1 < merges.size(); size += 97) {
    expect_in("vocab.bpe", gpt2_message(names, merges.substr(0, size)));
  }
  EXPECT_EQ(gpt2_message(names, merges.substr(0, merges.size() - 1)), kNothing);
}

TEST_F(TokenizerFiles, Vocabularies) {
  const std::string merges = bpe_.merge_lines();
  const auto changed = [&](const std::function<void(json&)>& change) {
    json object = vocabulary();
    change(object);
    return gpt2_message(object.dump(), merges);
  };
  expect_in("two tokens have id 98", changed([](json& o) { o["a"] = 98; }));
  expect_in("has id 457, past the vocabulary of 457", changed([](json& o) { o["a"] = 457; }));
  expect_in("past the vocabulary", changed([](json& o) { o["a"] = ~std::uint64_t{0}; }));
  expect_in("the id of 'a' is not", changed([](json& o) { o["a"] = -1; }));
  expect_in("the id of 'a' is not", changed([](json& o) { o["a"] = 97.0; }));
  expect_in("the id of 'a' is not", changed([](json& o) { o["a"] = "97"; }));
  expect_in("'中' is not written in", changed([](json& o) { o["中"] = 457; }));
  expect_in("is not written in", changed([](json& o) { o[""] = 457; }));
  expect_in("no token for the byte 122", changed([](json& o) {
              o.erase("z");
              o["<|z|>"] = 122;
            }));
  expect_in("no merge makes 1 of the tokens", changed([](json& o) { o["zzzz"] = 457; }));
  const std::string text = vocabulary().dump();
  expect_in("'a' appears twice", gpt2_message("{\"a\":97," + text.substr(1), merges));
  expect_in("not an object", gpt2_message("[1]", merges));
  expect_in("there are no tokens", gpt2_message("{}", merges));
  expect_in("a byte 0", gpt2_message(text + std::string(1, '\0') + "x", merges));
  expect_in("levels", gpt2_message(std::string(100'000, '['), merges));
}

TEST_F(TokenizerFiles, Merges) {
  const std::string names = vocabulary().dump();
  const std::string merges = bpe_.merge_lines();
  expect_in("vocab.bpe:202: 'ab' is not two", gpt2_message(names, merges + "ab\n"));
  expect_in("is not two", gpt2_message(names, merges + "a b c\n"));
  expect_in("is not two", gpt2_message(names, merges + " b\n"));
  expect_in("'zz' is not in the vocabulary", gpt2_message(names, merges + "z z\n"));
  const std::size_t begin = merges.find('\n') + 1;
  const std::string first = merges.substr(begin, merges.find('\n', begin) + 1 - begin);
  expect_in("the same pair came before", gpt2_message(names, merges + first));
  EXPECT_EQ(gpt2_message(names, merges.substr(begin)), kNothing);  // without the version
}

TEST_F(TokenizerFiles, WhatIsNotUnderstoodIsNamed) {
  const json unigram = {{"type", "Unigram"}, {"vocab", json::object()}, {"merges", json::array()}};
  // Where, what is put there, what the message says.
  const std::vector<std::tuple<std::string, json, std::string>> cases = {
      {"/normalizer", {{"type", "NFC"}}, "normalizer is {\"type\":\"NFC\"}"},
      {"/pre_tokenizer", nullptr, "pre_tokenizer is null"},
      {"/pre_tokenizer/type", "Metaspace", "pre_tokenizer is {"},
      {"/pre_tokenizer/type", 5, "pre_tokenizer is {"},
      {"/pre_tokenizer/add_prefix_space", true, "pre_tokenizer.add_prefix_space is true"},
      {"/pre_tokenizer/use_regex", false, "pre_tokenizer.use_regex is false"},
      {"/pre_tokenizer/use_regex", 1, "pre_tokenizer.use_regex is not true or false"},
      {"/pre_tokenizer/behavior", "Isolated", "pre_tokenizer.behavior is not understood"},
      {"/post_processor/type", "TemplateProcessing", "post_processor is {"},
      {"/decoder/type", "WordPiece", "decoder is {"},
      {"/truncation", {{"max_length", 5}}, "truncation is {"},
      {"/padding", {{"strategy", "x"}}, "padding is {"},
      {"/version", "2.0", "version is \"2.0\""},
      {"/surprise", 1, "surprise is not understood"},
      {"/model", unigram, "model.type is \"Unigram\""},
      {"/model", 5, "model is not an object"},
      {"/model/dropout", 0.1, "model.dropout is 0.1"},
      {"/model/byte_fallback", true, "model.byte_fallback is true"},
      {"/model/ignore_merges", true, "model.ignore_merges is true"},
      {"/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix is \"</w>\""},
      {"/model/continuing_subword_prefix", "##", "model.continuing_subword_prefix is \"##\""},
      {"/model/scores", 1, "model.scores is not understood"},
      {"/model/vocab", json::array(), "model.vocab is not an object"},
      {"/model/vocab/a", "x", "model.vocab gives 'a' an id"},
      {"/model/vocab/a", 98, "two tokens have id 98"},
      {"/model/vocab/a", 457, "past the vocabulary of 457"},
      {"/model/merges", 1, "model.merges is not an array"},
      {"/model/merges/3", 1, "model.merges[3] is neither"},
      {"/model/merges/3", "a b c", "model.merges[3] is not two tokens"},
      {"/model/merges/3", json::array({"a", "b", "c"}), "model.merges[3] is neither"},
      {"/model/merges/3", "z z", "merge 4, 'z z': 'zz' is not in the vocabulary"},
      {"/added_tokens", 1, "added_tokens is not an array"},
      {"/added_tokens/0", 1, "added_tokens[0] is not an object"},
      {"/added_tokens/0/id", -3, "added_tokens[0].id is not a whole number"},
      {"/added_tokens/0/id", 4'000'000'000U, "past the vocabulary of 457"},
      {"/added_tokens/0/id", 97, "two tokens have id 97"},
      {"/added_tokens/0/content", "", "an added token has no text"},
      {"/added_tokens/0/content", "a", "has id 456, but 97 in the vocabulary"},
      {"/added_tokens/0/content", 1, "added_tokens[0].content is not a string"},
      {"/added_tokens/0/lstrip", true, "added_tokens[0].lstrip is true"},
      {"/added_tokens/0/rstrip", true, "added_tokens[0].rstrip is true"},
      {"/added_tokens/0/single_word", true, "added_tokens[0].single_word is true"},
      {"/added_tokens/0/stripped", true, "added_tokens[0].stripped is not understood"},
  };
  for (const auto& [place, value, wanted] : cases) {
    json file = bpe_.huggingface();
    file[json::json_pointer(place)] = value;
    SCOPED_TRACE(place);
    expect_in(wanted, huggingface_message(file.dump()));
  }
  for (const char* place : {"pre_tokenizer", "decoder", "model"}) {
    json file = bpe_.huggingface();
    file.erase(place);
    expect_in(place + std::string(" is missing"), huggingface_message(file.dump()));
  }
  expect_in("the file is not an object", huggingface_message("[]"));
  json file = bpe_.huggingface();
  file["added_tokens"].push_back(file["added_tokens"][0]);
  expect_in("'<|endoftext|>' appears twice", huggingface_message(file.dump()));
}

TEST_F(TokenizerFiles, AddedTokensAreFoundBeforeSplitting) {
  json file = bpe_.huggingface();
  const auto add = [&](const std::string& text, int id, bool special) {
    json token = file["added_tokens"][0];
    token["content"] = text;
    token["id"] = id;
    token["special"] = special;
    file["added_tokens"].push_back(token);
  };
  add("  ", 457, false);
  add("    ", 458, false);
  add("<|x|>", 459, true);
  ASSERT_EQ(huggingface_message(file.dump()), kNothing);
  const auto tokenizer = open_tokenizer("huggingface:" + (folder_ / "tokenizer.json").string());
  using Ids = std::vector<TokenId>;
  // The longest first; what is no special token in any text.
  EXPECT_EQ(tokenizer->encode("z       z"), (Ids{'z', 458, 457, ' ', 'z'}));
  EXPECT_EQ(tokenizer->encode("<|x|>", Specials::kAllow), (Ids{459}));
  EXPECT_EQ(tokenizer->encode("<|x|>"), (Ids{'<', '|', 'x', '|', '>'}));
  EXPECT_EQ(tokenizer->specials().size(), 2U);
  EXPECT_EQ(tokenizer->decode(Ids{459, 458}), "<|x|>    ");
}

}  // namespace
}  // namespace hyena::datasets
