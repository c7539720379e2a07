// Corpora: every layout on disk gives its documents, in parts that are the whole, from any
// position.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/dataset.h"
#include "datasets/text/corpus.h"
#include "datasets/text/json_text.h"
#include "datasets/tokenizer/utf8.h"
#include "tests/datasets/compressed.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

std::unique_ptr<Corpus> open(const std::string& kind, const fs::path& path,
                             const CorpusOptions& options = {},
                             TextSplit split = TextSplit::kTrain) {
  return open_corpus(kind + ":" + path.string(), split, options);
}

Texts documents_of(Corpus& corpus) {
  Texts documents;
  DocumentPart part;
  for (bool begins = true; corpus.next(part); begins = part.ends) {
    if (begins) documents.emplace_back();
    documents.back() += part.text;
  }
  return documents;
}

std::string random_words(std::mt19937& random, std::size_t bytes) {
  const Texts letters = {"a", "b", "é", "中", " ", " ", "\n", "'", "."};
  std::string text;
  while (text.size() < bytes) text += letters[random() % letters.size()];
  return text;
}

std::string json_line(const std::string& text) {
  return nlohmann::json{{"meta", {{"pile_set_name", "x"}, {"n", {1, -2.5e3, nullptr, true}}}},
                        {"text", text}}
             .dump() +
         "\n";
}

class CorpusTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& contents) const {
    tests::write_file(folder_ / name, contents);
    return folder_ / name;
  }
  const fs::path& folder() const { return folder_.path(); }
  tests::TemporaryFolder folder_;
};

TEST_F(CorpusTest, JsonLinesInEveryPacking) {
  const Texts texts = {"first", "zweite \"Zeile\"\n\t\\", "日本 \x01 👋",
                       std::string("nul \0 in", 8)};
  std::string lines;
  for (const auto& text : texts) lines += json_line(text) + (lines.empty() ? " \n" : "");
  EXPECT_EQ(documents_of(*open("jsonl", write("a.jsonl", lines))), texts);
  EXPECT_EQ(documents_of(*open("jsonl", write("b", tests::gzip(lines)))), texts);
  EXPECT_EQ(documents_of(*open("jsonl", write("c", tests::zstandard(lines)))), texts);
  // Two members, two frames, one skipped between; zeros behind a gzip file; no last newline.
  const std::string half = lines.substr(0, lines.size() / 2), rest = lines.substr(half.size());
  const std::string skipped("\x53\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  const auto members = tests::gzip(half) + tests::gzip(rest) + std::string(512, '\0');
  EXPECT_EQ(documents_of(*open("jsonl", write("d", members))), texts);
  const auto frames = tests::zstandard(half) + skipped + tests::zstandard(rest);
  EXPECT_EQ(documents_of(*open("jsonl", write("e", frames))), texts);
  lines.pop_back();
  EXPECT_EQ(documents_of(*open("jsonl", write("f", lines))), texts);
  EXPECT_EQ(documents_of(*open("jsonl", write("g", R"({"content": "x", "text": 5})"),
                               {.text_field = "content"})),
            Texts{"x"});
}

TEST_F(CorpusTest, ZstandardWithALongWindow) {
  std::mt19937 random(1);
  std::string text = random_words(random, std::size_t{1} << 20U);
  for (int i = 0; i < 3; ++i) text += text;
  const auto path = write("long.zst", tests::zstandard(text, 30));
  EXPECT_EQ(documents_of(*open("text", path)), Texts{text});
}

TEST_F(CorpusTest, PartsAreTheWholeAndEndWhereWordsDo) {
  std::mt19937 random(2);
  Texts texts;
  std::string lines;
  for (const std::size_t size : {10U, 5000U, 1U, 70000U, 300U}) {
    texts.push_back(random_words(random, size));
    lines += json_line(texts.back());
  }
  const auto path = write("a.jsonl", lines);
  for (const std::uint64_t part_bytes : {0U, 20U, 100U, 5000U, 1000000U}) {
    const auto corpus = open("jsonl", path, {.part_bytes = part_bytes});
    EXPECT_EQ(documents_of(*corpus), texts);
    EXPECT_EQ(corpus->counts().documents, texts.size());
    const auto again = open("jsonl", path, {.part_bytes = part_bytes});
    DocumentPart part;
    while (again->next(part)) {
      EXPECT_TRUE(part.ends || (is_utf8(part.text) && !part.text.ends_with(' ')));
    }
  }
}

TEST_F(CorpusTest, GoesOnFromAnyPosition) {
  std::mt19937 random(3);
  fs::create_directories(folder() / "books" / "train");
  std::string lines, articles = " \n";
  for (int i = 0; i < 6; ++i) {
    const std::string text = random_words(random, 1 + random() % 3000);
    write("books/train/" + std::to_string(i) + ".txt", i == 2 ? "" : text);
    std::string line = json_line(i == 4 ? "" : text);
    if (i == 1) line.insert(line.rfind('"'), "\xFF");
    lines += line;
    articles += " = Title " + std::to_string(i) + " = \n \n " + text + "\n = = Part = = \n \n";
  }
  lines.insert(lines.find('\n') + 1, "{broken}\n");
  const auto packed = write("b.jsonl.zst", tests::zstandard(lines));
  write("wiki/wiki.train.raw", articles);
  write("cut.txt.gz", tests::gzip(random_words(random, 400000)).substr(0, 100000));
  const CorpusOptions options = {.part_bytes = 200, .skip_damaged = true};
  for (const std::string& spec :
       Texts{"pg19:" + (folder() / "books").string(), "jsonl:" + packed.string(),
             "wikitext:" + (folder() / "wiki").string(),
             "text:" + (folder() / "cut.txt.gz").string()}) {
    SCOPED_TRACE(spec);
    Texts parts;
    std::vector<CorpusPosition> positions;
    std::vector<CorpusCounts> counts;
    const auto whole = open_corpus(spec, TextSplit::kTrain, options);
    for (DocumentPart part;;) {
      positions.push_back(whole->position());
      counts.push_back(whole->counts());
      if (!whole->next(part)) break;
      parts.push_back(part.text + (part.ends ? "|" : ""));
    }
    ASSERT_GT(parts.size(), 20U);
    const std::size_t step = 1 + parts.size() / 40;
    for (std::size_t from = 0; from <= parts.size(); from += step) {
      const auto corpus = open_corpus(spec, TextSplit::kTrain, options);
      corpus->seek(positions[from], counts[from]);
      ASSERT_EQ(corpus->position(), positions[from]);
      Texts rest;
      for (DocumentPart part; corpus->next(part);) {
        rest.push_back(part.text + (part.ends ? "|" : ""));
      }
      ASSERT_TRUE(std::ranges::equal(rest, std::span(parts).subspan(from))) << from;
      EXPECT_EQ(corpus->counts().bytes, whole->counts().bytes);
      EXPECT_EQ(corpus->counts().empty, whole->counts().empty);
      EXPECT_EQ(corpus->counts().damaged, whole->counts().damaged);
      EXPECT_EQ(corpus->counts().invalid_utf8, whole->counts().invalid_utf8);
    }
    const auto corpus = open_corpus(spec, TextSplit::kTrain, options);
    EXPECT_THROW(corpus->seek({.file = 0, .offset = 1U << 30U}, {}), ReadError);
    EXPECT_THROW(corpus->seek({.file = 99}, {}), ReadError);
  }
}

TEST_F(CorpusTest, WhatIsDamagedIsNamedOrCounted) {
  const std::string lines = json_line("one") + "{\"text\": \"no end\n" + json_line("two") +
                            "{\"txt\": \"x\"}\n{\"text\": 5}\n" + json_line("three");
  const auto path = write("a.jsonl", lines);
  const auto corpus = open("jsonl", path);
  DocumentPart part;
  ASSERT_TRUE(corpus->next(part));
  const auto message = [&] {
    return tests::message_of<ReadError>([&] {
      while (corpus->next(part)) {
      }
    });
  };
  EXPECT_EQ(message(), path.string() + ":2: column 17: a control character in a string");
  EXPECT_EQ(message(), path.string() + ":4: column 14: the object has no 'text'");
  EXPECT_EQ(part.text, "two");
  EXPECT_EQ(message(), path.string() + ":5: column 10: 'text' is not a string");
  EXPECT_EQ(message(), "(nothing was thrown)");
  EXPECT_EQ(part.text, "three");

  const auto skipping = open("jsonl", path, {.skip_damaged = true});
  EXPECT_EQ(documents_of(*skipping), (Texts{"one", "two", "three"}));
  EXPECT_EQ(skipping->counts().damaged, 3U);
}

TEST_F(CorpusTest, ABrokenStreamIsNamedAndEndsItsFile) {
  std::mt19937 random(4);
  const std::string text = random_words(random, 3 << 20U);
  for (const bool zstd : {false, true}) {
    const std::string packed = zstd ? tests::zstandard(text) : tests::gzip(text);
    std::string flipped = packed;
    flipped[packed.size() / 2] = static_cast<char>(flipped[packed.size() / 2] ^ 0x10);
    for (const std::string& bytes : {packed.substr(0, packed.size() - 9), flipped}) {
      write("x/a.txt.gz", bytes);
      write("x/b.txt", "behind it");
      const auto corpus = open("text", folder() / "x");
      const auto message = tests::message_of<ReadError>([&] { documents_of(*corpus); });
      EXPECT_NE(message.find("a.txt.gz: byte "), std::string::npos) << message;
      EXPECT_EQ(documents_of(*corpus), Texts{"behind it"});
      const auto skipping = open("text", folder() / "x", {.skip_damaged = true});
      const auto documents = documents_of(*skipping);
      EXPECT_EQ(skipping->counts().damaged, 1U);
      ASSERT_GE(documents.size(), 1U);
      EXPECT_EQ(documents.back(), "behind it");
      EXPECT_EQ(skipping->counts().documents, documents.size());
    }
  }
}

TEST_F(CorpusTest, EmptyDocumentsAndBadUtf8AreCounted) {
  const std::string latin = "caf\xE9 au lait";
  write("a.txt", "");
  write("b.txt", latin);
  const auto corpus = open("text", folder(), {.part_bytes = 4});
  EXPECT_EQ(documents_of(*corpus), Texts{latin});
  EXPECT_EQ(corpus->counts().empty, 1U);
  EXPECT_EQ(corpus->counts().invalid_utf8, 1U);
  EXPECT_EQ(corpus->counts().bytes, latin.size());
}

TEST_F(CorpusTest, LayoutsHaveTheirParts) {
  for (const char* name : {"train/01.jsonl.zst", "train/00.jsonl.zst", "val.jsonl.zst"}) {
    write(std::string("pile/") + name, tests::zstandard(json_line(name)));
  }
  EXPECT_EQ(documents_of(*open("pile", folder() / "pile")),
            (Texts{"train/00.jsonl.zst", "train/01.jsonl.zst"}));
  EXPECT_EQ(documents_of(*open("pile", folder() / "pile", {}, TextSplit::kValid)),
            Texts{"val.jsonl.zst"});
  EXPECT_THROW(open("pile", folder() / "pile", {}, TextSplit::kTest), ReadError);
  for (const char* part : {"train", "validation", "test"}) {
    write(std::string("pg19/") + part + "/10.txt", part);
  }
  write("pg19/metadata.csv", "10,title,1900,url\n");
  EXPECT_EQ(documents_of(*open("pg19", folder() / "pg19", {}, TextSplit::kValid)),
            Texts{"validation"});
  EXPECT_EQ(documents_of(*open("pg19", folder() / "pg19", {}, TextSplit::kTest)), Texts{"test"});
  EXPECT_THROW(open("text", folder() / "pg19", {}, TextSplit::kTest), ReadError);
  for (const char* name :
       {"w1/wiki.valid.raw", "w2/wiki.valid.tokens", "w3/valid.txt", "w4/wikitext2.valid.txt"}) {
    write(name, name);
    EXPECT_EQ(
        documents_of(*open("wikitext", (folder() / name).parent_path(), {}, TextSplit::kValid)),
        Texts{name});
  }
  const auto message = tests::message_of<ReadError>(
      [&] { open("wikitext", folder() / "w4", {}, TextSplit::kTest); });
  EXPECT_NE(message.find("w4: there is no file whose name ends in .test.txt"), std::string::npos)
      << message;
  EXPECT_EQ(tests::message_of<ReadError>([&] { open_corpus("csv:x", TextSplit::kTrain); }),
            "unknown corpus 'csv:x'; known kinds: text:PATH, jsonl:PATH, wikitext:FOLDER, "
            "pile:FOLDER, pg19:FOLDER");
  EXPECT_THROW(open_corpus("pile", TextSplit::kTrain), ReadError);
  EXPECT_THROW(documents_of(*open("text", folder() / "absent")), ReadError);
}

TEST_F(CorpusTest, ArticlesBeginWithTheirTitles) {
  const std::string first = " \n = One = \n \n Text = of = it . \n = = Part = = \n \n = no title\n";
  const std::string second = " = Two and a half = \n \n More \n = not after a blank = \n";
  write("train.txt", first + " \n" + second);
  EXPECT_EQ(documents_of(*open("wikitext", folder())), (Texts{first + " \n", second}));
}

TEST(JsonText, ReadsWhatIsJsonAndNothingElse) {
  const auto text = [](std::string_view line) { return json_text(line, "text"); };
  EXPECT_EQ(text(R"( {"a":[{},[],{"text":1}], "text" : "\u00e9\ud83d\udc4b\ud83dx\udc4b\/" } )"),
            "é👋\xEF\xBF\xBDx\xEF\xBF\xBD/");
  EXPECT_EQ(text(R"({"te\u0078t":"\ud83d\u0041"})"),
            "\xEF\xBF\xBD"
            "A");
  for (const char* bad : {"",
                          "[]",
                          "{",
                          R"({"text":"a")",
                          R"({"text":"a"}x)",
                          R"({"text":"a",})",
                          R"({"text" "a"})",
                          R"({"text":"\x"})",
                          R"({"text":"\u12g4"})",
                          R"({"text":"a","text":"b"})",
                          R"({'text':"a"})",
                          R"({"text":"a","b":01})",
                          R"({"text":"a","b":.5})",
                          R"({"text":"a","b":1.})",
                          R"({"text":"a","b":tru})",
                          R"({"text":"a","b":+1})",
                          R"({"text":null})",
                          "{\"text\":\"\t\"}",
                          R"({"a":1})",
                          R"({"text":"a","b":1e})",
                          R"({"text":"a" "b":1})"}) {
    EXPECT_THROW(text(bad), JsonFault) << bad;
  }
  const std::string deep(70, '[');
  EXPECT_THROW(text(R"({"a":)" + deep + std::string(70, ']') + R"(,"text":""})"), JsonFault);
}

TEST(WordEnds, AreBeforeWhiteSpaceAndBehindACharacter) {
  EXPECT_EQ(last_word_end("ab cd ef", 8), 5U);
  EXPECT_EQ(last_word_end("ab cd ef", 4), 2U);
  EXPECT_EQ(last_word_end("ab  \n", 5), 2U);
  EXPECT_EQ(last_word_end("中\nx", 9), 3U);
  EXPECT_EQ(last_word_end("\u3000 x", 9), 0U);  // white space itself
  EXPECT_EQ(last_word_end("a\xE4\xB8 x", 9), 0U);
  EXPECT_EQ(last_word_end("abc", 9), 0U);
  EXPECT_EQ(last_word_end("", 9), 0U);
  EXPECT_EQ(last_word_end(" a", 9), 0U);
}

}  // namespace
}  // namespace hyena::datasets
