#include "backbone/decode/decoder.h"

#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/models/causal_lm.h"
#include "backbone/options.h"
#include "backbone/sampling/chain.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using tests::close;
using Ids = std::vector<std::int64_t>;

constexpr std::int64_t kMax = 300, kVocabulary = 61;

struct Kind {
  const char* name;
  nlohmann::json options, mixer;
};

std::vector<Kind> kinds() {
  const auto none = nlohmann::json::object();
  return {{"order 2", none, {{"order", 2}}},
          {"order 3", {{"d_inner", 40}}, {{"order", 3}, {"filter_layout", "order_major"}}},
          {"heads", none, {{"order", 2}, {"num_heads", 2}}},
          {"attention", {{"mixer", "mha"}, {"max_position_embeddings", kMax}}, {{"num_heads", 4}}},
          {"attention, short filter", {{"mixer", "mha"}}, {{"num_heads", 2}, {"dwconv", true}}},
          {"mixed", {{"attn_layer_idx", {1}}, {"attn_heads", 2}}, {{"order", 3}}}};
}

/// Random weights, large enough that tokens depend on far ones.
std::unique_ptr<CausalLm> make(const Kind& kind, at::ScalarType type = at::kDouble,
                               std::int64_t max_len = kMax) {
  at::manual_seed(3);
  nlohmann::json options = {
      {"vocab_size", kVocabulary}, {"pad_vocab_size_multiple", 8}, {"d_model", 24}, {"n_layer", 3},
      {"max_len", max_len},        {"initializer_range", 0.3}};
  options.update(kind.options);
  auto model = std::make_unique<CausalLm>(options_of<CausalLmOptions>(options, "test"), kind.mixer);
  model->to(type);
  return model;
}

Ids random_ids(std::int64_t count, std::uint64_t seed) {
  RandomStream random(seed);
  Ids ids;
  for (std::int64_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<std::int64_t>(random.next() * kVocabulary));
  }
  return ids;
}

at::Tensor tensor_of(const Ids& ids) {
  return at::tensor(ids, at::kLong).unsqueeze(0);
}

/// Logits behind each token of `ids` from the prompt's end on, (steps + 1, B, V): all sequences
/// take the same number of steps.
at::Tensor teacher_forced(Decoder& decoder, const std::vector<Ids>& prompts,
                          const std::vector<Ids>& rest) {
  std::vector<at::Tensor> logits = {decoder.prefill(prompts)};
  for (std::size_t s = 0; s < rest[0].size(); ++s) {
    Ids next;
    for (const Ids& ids : rest) next.push_back(ids[s]);
    logits.push_back(decoder.step(next));
  }
  return at::stack(logits);
}

double tolerance(at::ScalarType type) {
  return type == at::kDouble ? 1e-10 : 2e-5;
}

TEST(Decoder, StepsEqualTheWholeSequence) {
  const at::NoGradGuard no_grad;
  const Ids ids = random_ids(kMax, 1);
  for (const Kind& kind : kinds()) {
    for (const auto type : {at::kDouble, at::kFloat}) {
      const auto model = make(kind, type);
      for (const auto& [method, spread] : {std::pair{DecodeMethod::kFast, false},
                                           {DecodeMethod::kFast, true},
                                           {DecodeMethod::kLazy, false}}) {
        Decoder decoder(*model, {.method = method, .max_length = kMax, .spread = spread});
        const auto online =
            teacher_forced(decoder, {{ids[0]}}, {Ids(ids.begin() + 1, ids.end())}).squeeze(1);
        for (const std::int64_t length : {1, 2, 3, 31, 32, 33, 255, 256, 257, 300}) {
          const auto offline = model->forward(tensor_of(Ids(ids.begin(), ids.begin() + length)));
          EXPECT_TRUE(close(online.slice(0, 0, length), offline[0], tolerance(type)))
              << kind.name << ", length " << length << ", method " << static_cast<int>(method);
        }
      }
    }
  }
}

TEST(Decoder, PromptsOfAnyLengthAndBatches) {
  const at::NoGradGuard no_grad;
  for (const Kind& kind : kinds()) {
    const auto model = make(kind);
    std::vector<Ids> prompts, rest;
    constexpr std::int64_t kSteps = 150;
    for (const std::int64_t length : {100, 1, 33, 150}) {
      const Ids ids = random_ids(length + kSteps, static_cast<std::uint64_t>(length));
      prompts.emplace_back(ids.begin(), ids.begin() + length);
      rest.emplace_back(ids.begin() + length, ids.end());
    }
    Decoder decoder(*model, {.max_length = kMax, .max_new = kSteps});
    const auto online = teacher_forced(decoder, prompts, rest);
    EXPECT_EQ(decoder.batch(), 4);
    for (std::size_t b = 0; b < prompts.size(); ++b) {
      const auto i = static_cast<std::int64_t>(b);
      Ids all = prompts[b];
      all.insert(all.end(), rest[b].begin(), rest[b].end());
      EXPECT_EQ(decoder.length(i), static_cast<std::int64_t>(all.size()));
      const auto offline = model->forward(tensor_of(all))[0];
      const auto from = static_cast<std::int64_t>(prompts[b].size()) - 1;
      EXPECT_TRUE(close(online.select(1, i), offline.slice(0, from), 1e-10)) << kind.name;
      Decoder alone(*model, {.max_length = kMax, .max_new = kSteps});
      EXPECT_TRUE(close(teacher_forced(alone, {prompts[b]}, {rest[b]}).squeeze(1),
                        online.select(1, i), 1e-12))
          << kind.name;
    }
  }
}

Ids greedy(Decoder& decoder, const Ids& prompt, std::int64_t count) {
  SamplingOptions options;
  options.temperature = 0;
  options.vocabulary = kVocabulary;
  SamplerChain chain(options);
  Ids out;
  auto logits = decoder.prefill({prompt});
  for (std::int64_t i = 0; i < count; ++i) {
    const auto row = logits[0].to(at::kDouble).contiguous();
    out.push_back(
        chain.choose(std::span(row.const_data_ptr<double>(), static_cast<std::size_t>(row.numel())))
            .id);
    if (i + 1 < count) logits = decoder.step({&out.back(), 1});
  }
  return out;
}

TEST(Decoder, GreedyTextIsThatOfRecomputing) {
  for (const Kind& kind : kinds()) {
    if (kind.options.contains("max_position_embeddings")) continue;
    const auto model = make(kind, at::kFloat, 560);
    const Ids prompt = random_ids(37, 9);
    Decoder recompute(*model, {.method = DecodeMethod::kRecompute, .max_length = 560});
    const Ids expected = greedy(recompute, prompt, 520);
    for (const bool spread : {false, true}) {
      Decoder fast(*model, {.max_length = 560, .spread = spread});
      EXPECT_EQ(greedy(fast, prompt, 520), expected) << kind.name;
    }
    EXPECT_GT(std::set<std::int64_t>(expected.begin(), expected.end()).size(), 2U) << kind.name;
  }
}

TEST(Decoder, SavesAndForksGoOnTheSame) {
  for (const Kind& kind : kinds()) {
    const auto model = make(kind, at::kFloat);
    for (const auto method : {DecodeMethod::kFast, DecodeMethod::kRecompute}) {
      const DecoderOptions options{.method = method, .max_length = kMax, .spread = true};
      Decoder decoder(*model, options), other(*model, options);
      const Ids prompt = random_ids(20, 4),
                ids = random_ids(method == DecodeMethod::kFast ? 40 : 6, 5);
      decoder.prefill({prompt, ids});
      for (const auto id : ids) decoder.step(Ids{id, 7});
      const auto saved = decoder.save();
      Decoder fork = decoder.fork();
      other.restore(saved);
      EXPECT_EQ(other.save(), saved);
      for (const auto id : ids) {
        const auto expected = decoder.step(Ids{id, 3});
        EXPECT_TRUE(at::equal(fork.step(Ids{id, 3}), expected)) << kind.name;
        EXPECT_TRUE(at::equal(other.step(Ids{id, 3}), expected)) << kind.name;
      }
      EXPECT_GT(decoder.state_bytes(), 0);
      auto cut = saved;
      cut.resize(saved.size() - 9);
      EXPECT_THROW(other.restore(cut), OptionError);
      EXPECT_THROW(other.restore({}), OptionError);
    }
  }
}

TEST(Decoder, ReadsTheWeightsOfThePrefill) {
  const at::NoGradGuard no_grad;
  const auto model = make(kinds()[0]);
  Decoder decoder(*model, {});
  decoder.prefill({{1, 2, 3}});
  const auto before = decoder.step(Ids{4});
  for (const auto& entry : model->parameters()) entry.tensor.mul_(1.01);
  decoder.prefill({{1, 2, 3}});
  const auto after = decoder.step(Ids{4});
  EXPECT_GT(tests::relative_error(after, before), 1e-3);
  EXPECT_TRUE(close(after, model->forward(tensor_of({1, 2, 3, 4}))[0].slice(0, 3), 1e-10));
}

TEST(Decoder, CanBeCancelledBetweenLayers) {
  const auto model = make(kinds()[0]);
  Decoder decoder(*model, {});
  decoder.prefill({{1, 2}});
  const auto saved = decoder.save();
  const auto expected = decoder.fork().step(Ids{5});
  int asked = 0;
  EXPECT_THROW(decoder.step(Ids{5}, [&] { return ++asked == 2; }), DecodeCancelled);
  EXPECT_EQ(asked, 2);
  decoder.restore(saved);
  EXPECT_TRUE(at::equal(decoder.step(Ids{5}), expected));
}

TEST(Decoder, WrongUseIsNamed) {
  const auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  };
  const auto model = make(kinds()[0]);
  EXPECT_NE(message([&] { Decoder(*model, {.max_length = kMax + 1}); }).find("at most 300"),
            std::string::npos);
  Decoder decoder(*model, {.max_length = 5, .max_new = 2});
  EXPECT_NE(message([&] { decoder.step(Ids{1}); }).find("prefill"), std::string::npos);
  EXPECT_NE(message([&] { decoder.prefill({{}}); }), "");
  EXPECT_NE(message([&] { decoder.prefill({}); }), "");
  EXPECT_NE(message([&] { decoder.prefill({{1, 2, 3, 4, 5, 6}}); }), "");
  EXPECT_NE(message([&] { decoder.prefill({{1, kVocabulary + 10}}); }), "");
  decoder.prefill({{1}});
  EXPECT_NE(message([&] { decoder.step(Ids{1, 2}); }), "");
  decoder.step(Ids{1});
  decoder.step(Ids{1});
  EXPECT_NE(message([&] { decoder.step(Ids{1}); }).find("2 steps"), std::string::npos);
  const auto gated = make({"", {{"mixer", "gated"}}, nlohmann::json::object()});
  EXPECT_NE(message([&] { Decoder(*gated, {.max_length = 9}).prefill({{1}}); }).find("layer 0"),
            std::string::npos);
  Decoder any(*gated, {.method = DecodeMethod::kRecompute, .max_length = 9});
  EXPECT_EQ(any.prefill({{1}}).size(1), 64);
  EXPECT_EQ(parse_decode_method("lazy"), DecodeMethod::kLazy);
  EXPECT_NE(message([] { parse_decode_method("quick"); }), "");
}

}  // namespace
}  // namespace hyena::backbone
