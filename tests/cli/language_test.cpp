#include <cmath>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

/// Language models from the command line: trained, measured, and asked to write.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using nlohmann::json;

/// Sentences of a small grammar: a few hundred steps learn a good part of it.
std::string some_text(std::size_t sentences) {
  const std::vector<std::string> who = {"the cat", "a dog", "my friend", "the old king"};
  const std::vector<std::string> does = {"sees", "follows", "does not like", "sings to"};
  std::string text;
  for (std::size_t i = 0; i < sentences; ++i) {
    const std::size_t draw = i * 2654435761U;
    text += who[draw % 4] + " " + does[draw / 8 % 4] + " " + who[draw / 64 % 4] + ".\n";
  }
  return text;
}

class Language : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    std::ofstream(text()) << some_text(400);
    const auto end = hyena(run(*folder_ / "run"));
    ASSERT_EQ(end.code, 0) << end.err << end.out;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static fs::path text() { return *folder_ / "text.txt"; }
  static std::string model() { return (*folder_ / "run" / "last.safetensors").string(); }
  static std::vector<std::string> run(const fs::path& output) {
    return {"train",
            "--recipe",
            "characters",
            "--data",
            "text:" + text().string(),
            "--output",
            output,
            "--d-model",
            "24",
            "--n-layer",
            "2",
            "--seq-len",
            "48",
            "--batch-size",
            "4",
            "--epochs",
            "2",
            "--log-every",
            "5",
            "--grad-accum",
            "2",
            "--lr",
            "1e-2",
            "--device",
            "cpu",
            "--resid-dropout",
            "0.1",
            "--save-minutes",
            "0.0002"};
  }
  static Ended generate(const std::vector<std::string>& args) {
    return hyena(std::vector<std::string>{"generate", "-m", model(), "--device", "cpu"} + args);
  }

  inline static std::unique_ptr<TemporaryFolder> folder_;
};

TEST_F(Language, LearnsAndItsMeasureIsTheRunsOwn) {
  const auto summary = *folder_ / "run" / "summary.csv";
  const double first = std::stod(csv_cell(summary, 0, "eval_perplexity"));
  const double last = std::stod(csv_cell(summary, 1, "eval_perplexity"));
  EXPECT_LT(last, 0.9 * first);
  EXPECT_LT(last, 10) << "of 25 characters";

  // The part that the run kept for itself: the last tenth.
  const std::string all = some_text(400);
  const auto kept = static_cast<std::size_t>(std::ceil(0.1 * static_cast<double>(all.size())));
  const auto valid = *folder_ / "valid.txt";
  std::ofstream(valid) << all.substr(all.size() - kept);
  const auto end = hyena({"eval", "--task", "perplexity", "-m", model(), "--data",
                          "text:" + valid.string(), "--seq-len", "48", "--json"});
  ASSERT_EQ(end.code, 0) << end.err;
  const auto result = json::parse(end.out);
  EXPECT_NEAR(result.at("perplexity").get<double>(), last, 1e-4 * last);
  EXPECT_EQ(result.at("stride"), 48);
  EXPECT_GT(result.at("loss_err").get<double>(), 0);
}

TEST_F(Language, ScoreAddsUpToTheTextsPerplexity) {
  const std::string words = "the cat sees a dog.";
  const auto file = *folder_ / "words.txt";
  std::ofstream(file) << words;
  const auto scored = hyena({"score", "-m", model(), "--text", words});
  ASSERT_EQ(scored.code, 0) << scored.err;
  const auto eval = hyena(
      {"eval", "--task", "perplexity", "-m", model(), "--data", "text:" + file.string(), "--json"});
  ASSERT_EQ(eval.code, 0) << eval.err;
  const auto result = json::parse(scored.out);
  EXPECT_EQ(result.at("count"), words.size());
  EXPECT_NEAR(result.at("logprob").get<double>(), -json::parse(eval.out).at("nll").get<double>(),
              1e-3);
}

TEST_F(Language, WritesTheSameWithOneSeedAndByEveryMethod) {
  const std::vector<std::string> some = {"-p", "the ", "-n", "40", "--quiet"};
  const auto first = generate(some + std::vector<std::string>{"--seed", "7"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(first.out.starts_with("the "));
  EXPECT_EQ(first.out.size(), 4U + 40U + 1U) << first.out;
  EXPECT_EQ(generate(some + std::vector<std::string>{"--seed", "7"}).out, first.out);
  EXPECT_NE(generate(some + std::vector<std::string>{"--seed", "8"}).out, first.out);
  const auto greedy = generate(some + std::vector<std::string>{"--temp", "0"});
  for (const char* method : {"lazy", "recompute"}) {
    EXPECT_EQ(generate(some + std::vector<std::string>{"--temp", "0", "--decode", method}).out,
              greedy.out)
        << method;
  }
  EXPECT_EQ(generate(some + std::vector<std::string>{"--top-k", "1", "--samplers", "top_k"}).out,
            greedy.out);
}

TEST_F(Language, StopsAtItsStopStringsAndTellsItsTimes) {
  const auto end =
      generate({"-p", "the cat", "-n", "44", "--temp", "0", "--stop", "\n", "--no-display-prompt"});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out.find('\n'), end.out.size() - 1) << end.out;
  for (const char* word :
       {"samplers: ", "seed: ", "prefill", "decode", "tokens/s", "MiB", "first token"}) {
    EXPECT_NE(end.err.find(word), std::string::npos) << word << " in\n" << end.err;
  }
}

TEST_F(Language, RefusesInSentences) {
  const auto prompt = generate({"-p", std::string(60, 'a'), "-n", "4"});
  EXPECT_EQ(prompt.code, 2);
  EXPECT_NE(prompt.err.find("60 tokens, the context only 48"), std::string::npos) << prompt.err;
  const auto unknown = generate({"-p", "the @", "-n", "4"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_NE(unknown.err.find("'@' at byte 4"), std::string::npos) << unknown.err;
  const auto chain = generate({"-p", "the", "--samplers", "top_q"});
  EXPECT_EQ(chain.code, 1);
  EXPECT_NE(chain.err.find("top_q"), std::string::npos) << chain.err;
  const auto picture = hyena({"classify", "--model", model(), text().string()});
  EXPECT_NE(picture.code, 0);
  EXPECT_NE(picture.err.find("is a language model, and a picture classifier is wanted"),
            std::string::npos)
      << picture.err;
}

TEST_F(Language, KilledAndResumedItEndsInTheSameBytes) {
  const auto output = *folder_ / "killed";
  int kills = 0;
  {
    Program program(run(output));
    ASSERT_TRUE(program.wait_for("step 30/"));
    program.signal(SIGKILL);
    kills += program.wait().signal == SIGKILL;
  }
  ASSERT_EQ(kills, 1) << "the run ended before it was killed";
  const auto end = hyena({"train", "--resume", output});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_NE(end.out.find("going on with"), std::string::npos);
  EXPECT_EQ(tensor_bytes(output / "last.safetensors"), tensor_bytes(model()));
  EXPECT_EQ(csv_cell(output / "summary.csv", 1, "eval_loss"),
            csv_cell(*folder_ / "run" / "summary.csv", 1, "eval_loss"));
}

}  // namespace
}  // namespace hyena
