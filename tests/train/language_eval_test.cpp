#include "train/language_eval.h"

#include <cmath>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/checkpoint.h"
#include "backbone/language_model.h"
#include "datasets/dataset.h"
#include "datasets/tokenizer/kinds.h"
#include "tests/support/files.h"
#include "train/lambada.h"
#include "train/language_eval_state.h"
#include "train/language_scores.h"
#include "train/recorded_tokenizer.h"

namespace hyena::train {
namespace {

using nlohmann::json;

/// A model of bytes with large random weights, so that no two tokens are equally likely.
std::unique_ptr<backbone::LanguageModel> random_model(backbone::ModelConfig& config,
                                                      std::int64_t max_len = 600) {
  at::manual_seed(5);
  config = {.name = "causal_lm",
            .options = {{"vocab_size", 257},
                        {"d_model", 16},
                        {"n_layer", 2},
                        {"max_len", max_len},
                        {"initializer_range", 0.3}}};
  auto model = backbone::make_model<backbone::LanguageModel>(config);
  model->train(false);
  return model;
}

/// −log p of each token of a text but the first, each from a forward pass of its own over what
/// comes before it from `begin` on: no windows, no batches, no chunks.
std::vector<double> by_hand(backbone::LanguageModel& model, const std::vector<std::int64_t>& ids,
                            std::int64_t stride, std::int64_t length) {
  const at::NoGradGuard no_grad;
  std::vector<double> out;
  const auto n = static_cast<std::int64_t>(ids.size());
  for (std::int64_t t = 1; t < n; ++t) {
    std::int64_t begin = 0;  // of the first window that scores target t
    while (t > begin + length) begin += stride;
    const auto context =
        at::tensor(std::vector<std::int64_t>(ids.begin() + begin, ids.begin() + t)).unsqueeze(0);
    const auto logits = model.forward(context).select(1, t - begin - 1).squeeze(0).to(at::kDouble);
    out.push_back(-at::log_softmax(logits, 0)[ids[static_cast<std::size_t>(t)]].item<double>());
  }
  return out;
}

TEST(LanguageScores, WindowsAddUpToTheSumsOfSingleTokens) {
  backbone::ModelConfig config;
  const auto model = random_model(config);
  std::vector<datasets::TokenId> ids;
  for (int i = 0; i < 70; ++i) ids.push_back(static_cast<datasets::TokenId>((i * i * 7 + i) % 251));
  const datasets::MemoryTokens source(ids, 256, "test");
  for (const std::int64_t stride : {16, 5}) {
    const auto expected = by_hand(*model, {ids.begin(), ids.end()}, stride, 16);
    double sum = 0, squares = 0;
    for (const double nll : expected) {
      sum += nll;
      squares += nll * nll;
    }
    const auto found =
        score_tokens(*model, source, nullptr, {.length = 16, .stride = stride, .batch_size = 3});
    EXPECT_EQ(found.tokens, 69);
    EXPECT_NEAR(found.nll, sum, 1e-5 * sum) << "stride " << stride;
    EXPECT_NEAR(found.nll_squared, squares, 1e-5 * squares);
    const double n = 69, mean = sum / n;
    EXPECT_NEAR(found.loss_error(), std::sqrt((squares / n - mean * mean) / (n - 1)), 1e-6);
  }
}

class SavedModel : public testing::Test {
 protected:
  void SetUp() override {
    model_ = random_model(config_);
    backbone::ModelNotes notes;
    notes.tokenizer = open_recorded("bytes").record;
    backbone::save_model(file_, *model_, config_, notes);
  }
  tests::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "model.safetensors";
  backbone::ModelConfig config_;
  std::unique_ptr<backbone::LanguageModel> model_;
};

TEST_F(SavedModel, LambadaEqualsTheSumsByHand) {
  const auto data = tests::data_dir() / "lambada" / "lambada_test.jsonl";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no " << data;
  constexpr std::int64_t kExamples = 12;
  const auto tokenizer = datasets::open_tokenizer("bytes");
  const at::NoGradGuard no_grad;
  for (const std::string rule : {"openai", "last-token"}) {
    double sum = 0;
    std::int64_t right = 0;
    std::ifstream in(data);
    std::string line;
    for (std::int64_t i = 0; i < kExamples && std::getline(in, line); ++i) {
      const std::string text = json::parse(line).at("text");
      const auto ids = tokenizer->encode(text);
      std::vector<std::int64_t> all(ids.begin(), ids.end());
      std::size_t target = text.size() - text.rfind(' ');
      if (rule == "last-token") target = 1;
      const std::size_t cut = all.size() - 1 > 600 ? all.size() - 1 - 600 : 0;
      bool greedy = true;
      for (std::size_t t = all.size() - target; t < all.size(); ++t) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(cut);
        const auto end = all.begin() + static_cast<std::ptrdiff_t>(t);
        const auto logits =
            model_->forward(at::tensor(std::vector<std::int64_t>(begin, end)).unsqueeze(0))
                .squeeze(0)[-1]
                .to(at::kDouble);
        sum += at::log_softmax(logits, 0)[all[t]].item<double>();
        greedy = greedy && logits.argmax().item<std::int64_t>() == all[t];
      }
      right += greedy;
    }
    LanguageEvaluator evaluator({.model = file_.string(), .device = "cpu"});
    const auto found = evaluator.lambada({.data = data.string(), .rule = rule, .limit = kExamples});
    EXPECT_EQ(found.at("examples"), kExamples);
    EXPECT_NEAR(found.at("log_likelihood").get<double>(), sum / kExamples,
                1e-5 * std::abs(sum / kExamples))
        << rule;
    EXPECT_NEAR(found.at("accuracy").get<double>(), static_cast<double>(right) / kExamples, 1e-12);
  }
}

TEST_F(SavedModel, ScoresOfATextAreThoseByHand) {
  const std::string text = "What's done is done.";
  LanguageEvaluator evaluator({.model = file_.string(), .device = "cpu"});
  const auto found = evaluator.score(text);
  const auto ids = datasets::open_tokenizer("bytes")->encode(text);
  const auto expected = by_hand(*model_, {ids.begin(), ids.end()}, 1000, 1000);
  ASSERT_EQ(found.at("tokens").size(), ids.size());
  EXPECT_TRUE(found["tokens"][0]["logprob"].is_null());
  for (std::size_t i = 1; i < ids.size(); ++i) {
    EXPECT_NEAR(found["tokens"][i]["logprob"].get<double>(), -expected[i - 1], 1e-5);
  }
}

TEST_F(SavedModel, WordAndBytePerplexityCountTheText) {
  const std::string text = "one two  three\nfour five\n";
  const auto file = folder_ / "text.txt";
  std::ofstream(file) << text;
  LanguageEvaluator evaluator({.model = file_.string(), .device = "cpu"});
  const auto found = evaluator.perplexity({.data = "text:" + file.string(), .length = 8});
  EXPECT_EQ(found.at("words"), 5);
  EXPECT_EQ(found.at("bytes"), static_cast<std::int64_t>(text.size()));
  const double nll = found.at("nll");
  EXPECT_NEAR(found.at("word_perplexity").get<double>(), std::exp(nll / 5),
              1e-9 * std::exp(nll / 5));
  EXPECT_NEAR(found.at("bits_per_byte").get<double>(),
              nll / std::log(2.0) / static_cast<double>(text.size() - 1), 1e-9);
}

TEST(Lambada, RulesCutAndClean) {
  const auto tokenizer = datasets::open_tokenizer("bytes");
  const std::string text = "\u201cYes\u201d he said";
  const auto plain = lambada_example(text, "openai", *tokenizer);
  EXPECT_EQ(plain.ids.size(), text.size());
  EXPECT_EQ(plain.target, 5);  // " said"
  const auto safari = lambada_example(text, "safari", *tokenizer);
  const std::string cleaned = "\n\"Yes\" he said";
  EXPECT_EQ(safari.ids.size(), cleaned.size());
  EXPECT_EQ(lambada_example(text, "last-token", *tokenizer).target, 1);
  EXPECT_THROW(lambada_example("word", "openai", *tokenizer), datasets::ReadError);
}

TEST(RecordedTokenizer, ComesBackFromItsRecord) {
  const tests::TemporaryFolder folder;
  const auto text = folder / "text.txt";
  std::ofstream(text) << "to be or not, é";
  const auto first = open_recorded("characters", "text:" + text.string());
  const auto again = open_from_record(json::parse(first.record.dump()));
  EXPECT_EQ(first.tokenizer->encode("not é"), again.tokenizer->encode("not é"));
  EXPECT_EQ(first.record.dump().find(text.string()), std::string::npos) << "a path was recorded";
  EXPECT_THROW(open_from_record(json{{"kind", "characters"}, {"files", {{"../x", "ab"}}}}),
               datasets::ReadError);
  EXPECT_THROW(open_from_record(json{{"files", 3}}), datasets::ReadError);
  EXPECT_THROW(open_recorded("characters", "llmc:nowhere"), datasets::ReadError);
}

TEST(Printable, KeepsDifferentTokensApart) {
  EXPECT_EQ(printable("é\\"), "é\\\\");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_NE(printable("\xc3"), printable("\xc4"));
}

}  // namespace
}  // namespace hyena::train
