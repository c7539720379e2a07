#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/safetensors.h"
#include "backbone/sampling/chain.h"
#include "tests/support/files.h"

namespace hyena::backbone {
namespace {

using Ids = std::vector<std::int64_t>;

std::vector<double> random_logits(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, 2);
  std::vector<double> logits(count);
  for (double& l : logits) l = normal(generator);
  return logits;
}

/// Everything off: draws from the softmax.
SamplingOptions plain() {
  SamplingOptions o;
  o.temperature = 1;
  o.top_k = 0;
  o.top_p = 1;
  o.min_p = 0;
  return o;
}

std::set<std::int64_t> kept(const SamplingOptions& options, const std::vector<double>& logits,
                            const Ids& history = {}) {
  std::set<std::int64_t> ids;
  for (const Alternative& a : SamplerChain(options).distribution(logits, {.history = history})) {
    ids.insert(a.id);
  }
  return ids;
}

// ---- reference vectors

/// Sets the option that a reference processor has, and returns our sampler's name ("" for none).
std::string apply_setting(SamplingOptions& o, const std::string& name, const nlohmann::json& v) {
  if (name == "min_tokens_to_keep") return o.min_keep = v, "";
  if (name == "temperature") return o.temperature = v, name;
  if (name == "top_k") return o.top_k = v, name;
  if (name == "top_p") return o.top_p = v, name;
  if (name == "min_p") return o.min_p = v, name;
  if (name == "typical_p") return o.typical_p = v, name;
  if (name == "epsilon_cutoff") return o.epsilon = v, "epsilon";
  if (name == "eta_cutoff") return o.eta = v, "eta";
  if (name == "repetition_penalty") return o.repetition_penalty = v, "penalties";
  if (name == "no_repeat_ngram_size") return o.no_repeat_ngram = v, "no_repeat_ngram";
  if (name == "bad_words") return o.banned_words = v.get<std::vector<Ids>>(), "banned_words";
  throw std::invalid_argument("the reference file has an unknown setting " + name);
}

template <class T>
std::vector<T> read(const SafetensorsFile& file, const std::string& name) {
  const TensorEntry* entry = file.find(name);
  if (entry == nullptr) throw std::out_of_range(name);
  const auto bytes = file.data(*entry);
  std::vector<T> out(bytes.size() / sizeof(T));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

TEST(Sampling, ReferenceVectors) {
  const auto folder = tests::golden_dir() / "lm_sampling";
  HYENA_REQUIRE_FOLDER(folder);
  int cases = 0;
  for (const auto& found : std::filesystem::directory_iterator(folder)) {
    if (found.path().extension() != ".safetensors") continue;
    const SafetensorsFile file(found.path());
    std::ifstream in(std::filesystem::path(found.path()).replace_extension(".json"));
    const auto config = nlohmann::json::parse(in).at("config");
    const auto logits = read<double>(file, "logits");
    const auto history = read<std::int64_t>(file, "history");
    const std::size_t vocab = config.at("vocab"), rows = logits.size() / vocab;
    for (const auto& test : config.at("cases")) {
      const std::string name = test.at("name");
      SCOPED_TRACE(name);
      SamplingOptions o = plain();
      for (const auto& step : test.at("chain")) {
        const std::string sampler = apply_setting(o, step.at(0), step.at(1));
        if (!sampler.empty()) o.samplers += (o.samplers.empty() ? "" : ";") + sampler;
      }
      const auto mask = read<std::uint8_t>(file, name + ".kept");
      const auto probs = read<double>(file, name + ".probs");
      const SamplerChain chain(o);
      for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t past = history.size() / rows;
        const auto left = chain.distribution(
            std::span(logits).subspan(row * vocab, vocab),
            {.history = std::span(history).subspan(row * past, past), .generated = 0});
        std::vector<std::uint8_t> have(vocab);
        std::vector<double> p(vocab);
        for (const Alternative& a : left) {
          have[static_cast<std::size_t>(a.id)] = 1;
          p[static_cast<std::size_t>(a.id)] = a.probability;
        }
        // Where a cut falls between equal logits, which of them stays depends on a sort.
        std::multiset<std::pair<double, int>> ours, theirs;
        for (std::size_t i = 0; i < vocab; ++i) {
          ours.insert({logits[row * vocab + i], have[i]});
          theirs.insert({logits[row * vocab + i], mask[row * vocab + i]});
        }
        EXPECT_EQ(ours, theirs) << "row " << row;
        double error = 0;
        for (std::size_t i = 0; i < vocab; ++i) {
          if (have[i] == mask[row * vocab + i]) {
            error = std::max(error, std::abs(p[i] - probs[row * vocab + i]));
          }
        }
        EXPECT_LE(error, 1e-12) << "row " << row;
        ++cases;
      }
    }
  }
  EXPECT_GE(cases, 87);
}

// ---- invariants

TEST(Sampling, TopOneIsGreedyIsTemperatureZero) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto logits = random_logits(97, seed);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    SamplingOptions one;
    one.top_k = 1;
    EXPECT_EQ(SamplerChain(one).choose(logits).id, best);
    SamplingOptions zero;
    zero.temperature = 0;
    zero.typical_p = 0.1;  // a cut that may remove the likeliest token
    EXPECT_EQ(SamplerChain(zero).choose(logits).id, best);
  }
}

TEST(Sampling, IdentitiesKeepTheSoftmax) {
  const auto logits = random_logits(61, 3);
  const Ids history = {1, 2, 3, 2, 1};
  const auto left = SamplerChain(plain()).distribution(logits, {.history = history});
  ASSERT_EQ(left.size(), logits.size());
  double sum = 0;
  for (const double l : logits) sum += std::exp(l);
  for (const Alternative& a : left) {
    const double p = std::exp(logits[static_cast<std::size_t>(a.id)]) / sum;
    EXPECT_NEAR(a.probability, p, 1e-15);
    EXPECT_NEAR(a.model_probability, p, 1e-15);
  }
}

TEST(Sampling, SeedsFixTheStream) {
  // From the definition of SplitMix64 with seed 1234567: published values of the 64-bit sequence.
  RandomStream known(1234567);
  EXPECT_EQ(known.next(), static_cast<double>(6457827717110365317U >> 11U) * 0x1p-53);
  EXPECT_EQ(known.next(), static_cast<double>(3203168211198807973U >> 11U) * 0x1p-53);

  const auto logits = random_logits(40, 5);
  const auto stream = [&](std::uint64_t seed) {
    SamplingOptions o = plain();
    o.seed = seed;
    SamplerChain chain(o);
    Ids ids;
    for (int i = 0; i < 60; ++i) ids.push_back(chain.choose(logits).id);
    return ids;
  };
  EXPECT_EQ(stream(7), stream(7));
  EXPECT_NE(stream(7), stream(8));

  SamplerChain chain(plain());
  for (int i = 0; i < 10; ++i) chain.choose(logits);
  SamplerChain copy = chain;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(chain.choose(logits).id, copy.choose(logits).id);
}

TEST(Sampling, DrawsFollowTheDistribution) {
  const auto logits = random_logits(12, 11);
  SamplingOptions o = plain();
  o.temperature = 1.7;
  SamplerChain chain(o);
  constexpr int kDraws = 40000;
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[chain.choose(logits).id];
  double chi = 0;
  const auto expected = chain.distribution(logits);
  for (const Alternative& a : expected) {
    const double e = a.probability * kDraws;
    chi += (counts[a.id] - e) * (counts[a.id] - e) / e;
  }
  EXPECT_LT(chi, 31.3);  // 11 degrees of freedom: exceeded once in a thousand
  EXPECT_GT(chi, 1.0);   // fewer than once in ten thousand: the draws would be no draws
}

TEST(Sampling, AlternativesAreSortedAndComplete) {
  const auto logits = random_logits(30, 2);
  SamplingOptions o = plain();
  o.top_k = 7;
  SamplerChain chain(o);
  const Choice all = chain.choose(logits, {}, 100);
  ASSERT_EQ(all.alternatives.size(), 7U);
  double sum = 0;
  bool has_chosen = false;
  for (std::size_t i = 0; i < 7; ++i) {
    sum += all.alternatives[i].probability;
    has_chosen = has_chosen || all.alternatives[i].id == all.id;
    if (i > 0) {
      EXPECT_LE(all.alternatives[i].probability, all.alternatives[i - 1].probability);
    }
    EXPECT_LT(all.alternatives[i].model_probability, all.alternatives[i].probability);
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_TRUE(has_chosen);
  EXPECT_EQ(chain.choose(logits, {}, 3).alternatives.size(), 3U);
}

TEST(Sampling, OrderMattersAndIsPrinted) {
  const auto logits = random_logits(50, 9);
  SamplingOptions o = plain();
  o.temperature = 3;
  o.top_p = 0.6;
  o.samplers = "temperature;top_p";
  const auto hot_first = kept(o, logits);
  o.samplers = "top_p; temperature";
  const auto cut_first = kept(o, logits);
  EXPECT_GT(hot_first.size(), cut_first.size());
  EXPECT_EQ(SamplerChain(o).text(),
            "(logit_bias) -> (banned_words) -> (min_length) -> (no_repeat_ngram) -> top_p -> "
            "temperature -> draw");
  o.temperature = 0;
  EXPECT_EQ(SamplerChain(o).text(),
            "(logit_bias) -> (banned_words) -> (min_length) -> (no_repeat_ngram) -> (top_p) -> "
            "temperature -> greedy");
  EXPECT_EQ(SamplerChain::default_chain(),
            "logit_bias;banned_words;min_length;no_repeat_ngram;penalties;top_k;typical_p;epsilon;"
            "eta;top_p;min_p;temperature");
  o.samplers = "top_p;topk";
  EXPECT_THROW(SamplerChain{o}, SamplingError);
  o.samplers = "top_p;top_p";
  EXPECT_THROW(SamplerChain{o}, SamplingError);
}

TEST(Sampling, PenaltiesLookAtTheirWindow) {
  const std::vector<double> logits = {2, 1, -1, 0.5};
  const Ids history = {0, 2, 2, 1};
  SamplingOptions o = plain();
  o.frequency_penalty = 0.25;
  o.presence_penalty = 0.5;
  o.repetition_penalty = 2;
  o.penalty_window = 3;  // 2, 2, 1
  const auto left = SamplerChain(o).distribution(logits, {.history = history});
  const std::vector<double> expected = {2, 0.5 - 0.75, -2 - 1.0, 0.5};
  double sum = 0;
  for (const double l : expected) sum += std::exp(l);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(left[i].probability, std::exp(expected[i]) / sum, 1e-14) << i;
  }
  o.penalty_window = 0;
  EXPECT_NEAR(SamplerChain(o).distribution(logits, {.history = history})[2].probability,
              SamplerChain(plain()).distribution(logits)[2].probability, 1e-15);
}

TEST(Sampling, ConstraintsForbidTokens) {
  const auto logits = random_logits(10, 1);
  SamplingOptions o = plain();
  o.logit_bias = {{3, -std::numeric_limits<double>::infinity()}};
  EXPECT_FALSE(kept(o, logits).contains(3));
  o = plain();
  o.banned_words = {{4}, {1, 2, 5}};
  EXPECT_FALSE(kept(o, logits, {1, 2}).contains(5));
  EXPECT_TRUE(kept(o, logits, {2, 2}).contains(5));
  EXPECT_TRUE(kept(o, logits, {2}).contains(5));
  EXPECT_FALSE(kept(o, logits).contains(4));
  o = plain();
  o.min_length = 2;
  o.end_tokens = {7};
  const SamplerChain chain(o);
  EXPECT_EQ(chain.distribution(logits, {.history = {}, .generated = 1}).size(), 9U);
  EXPECT_EQ(chain.distribution(logits, {.history = {}, .generated = 2}).size(), 10U);
  o = plain();
  o.no_repeat_ngram = 2;
  EXPECT_EQ(kept(o, logits, {1, 2, 3, 1, 4, 1}), (std::set<std::int64_t>{0, 1, 3, 5, 6, 7, 8, 9}));
  o.no_repeat_ngram = 1;
  EXPECT_EQ(kept(o, logits, {0, 1, 2}), (std::set<std::int64_t>{3, 4, 5, 6, 7, 8, 9}));
}

TEST(Sampling, PaddingIsNeverChosen) {
  auto logits = random_logits(16, 4);
  logits[13] = 50;
  logits[15] = std::numeric_limits<double>::quiet_NaN();
  SamplingOptions o;
  o.vocabulary = 13;
  SamplerChain chain(o);
  for (int i = 0; i < 200; ++i) EXPECT_LT(chain.choose(logits).id, 13);
  o.temperature = 0;
  EXPECT_LT(SamplerChain(o).choose(logits).id, 13);
  o.vocabulary = 17;
  EXPECT_THROW(SamplerChain(o).choose(logits), SamplingError);
}

TEST(Sampling, BadNumbersAreNamed) {
  const auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const SamplingError& e) {
      return e.what();
    }
    return "";
  };
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    auto logits = random_logits(9, 6);
    logits[5] = bad;
    const auto text = message([&] { SamplerChain(plain()).choose(logits); });
    EXPECT_NE(text.find("token 5 of 9"), std::string::npos) << text;
    const std::vector<float> narrow(logits.begin(), logits.end());
    EXPECT_FALSE(message([&] { SamplerChain(plain()).choose(narrow); }).empty());
  }
  SamplingOptions o = plain();
  o.banned_words = {{0}, {1}};
  const std::vector<double> two = {1, 2};
  EXPECT_NE(message([&] { SamplerChain(o).choose(two); }).find("no token is left"),
            std::string::npos);
  EXPECT_FALSE(message([&] { SamplerChain(plain()).choose(std::vector<double>()); }).empty());
  for (const auto& change : std::vector<void (*)(SamplingOptions&)>{
           [](SamplingOptions& s) { s.min_p = -1; }, [](SamplingOptions& s) { s.top_p = -0.1; },
           [](SamplingOptions& s) { s.repetition_penalty = 0; },
           [](SamplingOptions& s) { s.epsilon = 1; }, [](SamplingOptions& s) { s.typical_p = 0; },
           [](SamplingOptions& s) { s.banned_words = {{}}; },
           [](SamplingOptions& s) { s.temperature = std::nan(""); },
           [](SamplingOptions& s) { s.penalty_window = -2; },
           [](SamplingOptions& s) { s.min_keep = 0; }}) {
    SamplingOptions wrong = plain();
    change(wrong);
    EXPECT_FALSE(message([&] { SamplerChain{wrong}; }).empty());
  }
}

}  // namespace
}  // namespace hyena::backbone
