#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;

class Tokenize : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return folder_ / name;
  }
  static std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      files[entry.path().filename().string()] = read_file(entry.path());
    }
    return files;
  }
  TemporaryFolder folder_;
};

TEST_F(Tokenize, EncodesAndDecodes) {
  const auto text = write("a.txt", "h\xC3\xA9 <|endoftext|>");
  const auto encode = [&](const std::vector<std::string>& more) {
    const auto end =
        hyena(std::vector<std::string>{"tokenize", "encode", "--tokenizer", "bytes"} + more);
    EXPECT_EQ(end.code, more.back() == "refuse" ? 1 : 0) << end.err;
    return end.code == 0 ? end.out : end.err;
  };
  const std::string tail = "60 124 101 110 100 111 102 116 101 120 116 124 62";
  EXPECT_EQ(encode({text.string()}), "104 195 169 32 " + tail + "\n");
  EXPECT_EQ(encode({text.string(), "--specials", "allow"}), "104 195 169 32 256\n");
  EXPECT_NE(encode({text.string(), "--specials", "refuse"}).find("<|endoftext|> at byte 4"),
            std::string::npos);
  EXPECT_EQ(encode({"--json", "--text", "ab", "c"}), "[97, 98]\n[99]\n");
  const auto decode = [&](const std::string& ids) {
    return hyena({"tokenize", "decode", "--tokenizer", "bytes", write("ids", ids).string()});
  };
  EXPECT_EQ(decode("104 195 169 32 256\n").out, "h\xC3\xA9 <|endoftext|>");
  EXPECT_EQ(decode("[97, 98]").out, "ab");
  EXPECT_NE(decode("97 x").err.find("ids: byte 3 is no part of a list of ids"), std::string::npos);
  EXPECT_NE(decode("257").err.find("token id 257 is past the vocabulary of 257"),
            std::string::npos);
  EXPECT_EQ(hyena({"tokenize", "encode", "--text", "a"}).code, 2);
  EXPECT_EQ(hyena({"tokenize", "unpack"}).code, 2);
}

TEST_F(Tokenize, KilledAndRunAgainItWritesTheSameBytes) {
  std::mt19937 random(7);
  std::string lines;
  while (lines.size() < 10'000'000) {
    std::string text(random() % 30'000, 'a');
    for (char& c : text) c = "etaoin shrdlu,."[random() % 15];
    lines += nlohmann::json{{"text", text}}.dump() + "\n";
  }
  const std::string corpus = "jsonl:" + write("a.jsonl", lines).string();
  for (const std::string format : {"llmc", "megatron"}) {
    const auto pack = [&](const std::string& output) {
      return std::vector<std::string>{"tokenize",
                                      "pack",
                                      corpus,
                                      "--tokenizer",
                                      "bytes",
                                      "--format",
                                      format,
                                      "--output",
                                      (folder_ / output).string(),
                                      "--val-fraction",
                                      "0.1",
                                      "--shard-tokens",
                                      "1000000",
                                      "--save-seconds",
                                      "0"};
    };
    const auto whole = hyena(pack("whole"));
    ASSERT_EQ(whole.code, 0) << whole.err;
    const auto expected = files_of(folder_ / "whole");
    EXPECT_GT(expected.size(), 8U);
    int kills = 0;
    const fs::path state = folder_ / "killed" / "pack.json";
    std::string before;
    for (;;) {
      Program program(pack("killed"));
      while (!program.ended() && (!fs::exists(state) || read_file(state) == before)) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
      program.signal(SIGKILL);
      const auto end = program.wait();
      if (end.signal != SIGKILL) {
        ASSERT_EQ(end.code, 0) << end.err;
        break;
      }
      ++kills;
      before = read_file(state);
    }
    EXPECT_GE(kills, 3);
    EXPECT_TRUE(files_of(folder_ / "killed") == expected) << format;
    fs::remove_all(folder_ / "killed");
    fs::remove_all(folder_ / "whole");
  }
}

}  // namespace
}  // namespace hyena
