#include <cmath>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/language_model.h"
#include "backbone/layers.h"
#include "backbone/observer.h"
#include "tests/support/files.h"
#include "tests/support/model_case.h"
#include "tests/support/reference_options.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;
using tests::close;

std::unique_ptr<LanguageModel> small(const json& changes = json::object()) {
  at::manual_seed(3);
  json options = {{"vocab_size", 19}, {"d_model", 16}, {"n_layer", 3}, {"max_len", 24}};
  options.update(changes);
  return make_model<LanguageModel>({.name = "causal_lm", .options = options});
}

at::Tensor some_ids(std::int64_t batch, std::int64_t length, std::int64_t vocabulary = 19) {
  return at::randint(vocabulary, {batch, length}, at::kLong);
}

class SafariLm : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SafariLm);

TEST_P(SafariLm, ReproducesLogitsLossAndGradients) {
  const auto reference = tests::read_model_case("safari_lm", GetParam());
  const auto& layer = reference.config.at("layer");
  if (layer.at("_name_") != "hyena") {
    GTEST_SKIP() << GetParam() << ": there is no mixer " << layer.at("_name_");
  }
  const auto model = tests::build_reference<LanguageModel>(
      reference, {.name = "causal_lm", .options = tests::safari_lm_options(reference.config)});
  const auto& io = reference.io;
  tests::TensorMap seen;
  {
    const at::NoGradGuard no_grad;
    const Observer observer(
        [&](const std::string& name, const at::Tensor& value) { seen[name] = value.clone(); });
    const auto hidden = model->forward_features(io.at("input_ids"));
    EXPECT_TRUE(close(hidden, io.at("last_hidden"), 1e-5));
  }
  const double logits_tolerance = GetParam() == "hyena_order3_zparam" ? 1e-4 : 1e-5;
  EXPECT_TRUE(close(model->forward(io.at("input_ids")), io.at("logits"), logits_tolerance));
  for (std::int64_t i = 0; i < model->info().depth; ++i) {
    const auto layer_name = "layer" + std::to_string(i);
    const auto ours = "backbone.layers." + std::to_string(i);
    EXPECT_TRUE(close(seen.at(ours + ".hidden"), io.at(layer_name + ".hidden"), logits_tolerance));
    EXPECT_TRUE(close(seen.at(ours + ".residual"), io.at(layer_name + ".residual"), 1e-5));
  }
  const auto loss = model->loss(io.at("input_ids"), io.at("targets"), /*chunk=*/7);
  EXPECT_TRUE(close(loss.reshape({1}), io.at("loss").reshape({1}), 1e-6));
  loss.backward();
  tests::expect_reference_gradients(*model, reference);
}

INSTANTIATE_TEST_SUITE_P(Golden, SafariLm,
                         testing::ValuesIn(tests::golden_cases("safari_lm", /*folders=*/true)),
                         [](const auto& case_) { return tests::test_name(case_.param); });

/// HyenaDNA's own file: the same network, its filters' channels order by order, shift 0.05.
TEST(HyenaDna, ReproducesHiddenStates) {
  for (const char* name : {"standalone_backbone", "standalone_order3"}) {
    SCOPED_TRACE(name);
    if (!std::filesystem::exists(tests::golden_dir() / "hyenadna" / name)) {
      GTEST_SKIP() << "no reference vectors of hyenadna/" << name;
    }
    const auto reference = tests::read_model_case("hyenadna", name);
    for (const double shift : {0.05, 0.0}) {
      const auto expected = shift > 0 ? "hidden" : "hidden_shift0";
      if (!reference.io.contains(expected)) continue;
      auto options = tests::safari_lm_options(reference.config);
      options["mixer_options"]["shift"] = shift;
      options["mixer_options"]["filter_layout"] = "order_major";
      const auto model = tests::build_reference<LanguageModel>(
          reference, {.name = "causal_lm", .options = options});
      EXPECT_TRUE(close(model->forward_features(reference.io.at("input_ids")),
                        reference.io.at(expected), 1e-5))
          << "shift " << shift;
    }
  }
}

TEST(HyenaDna, ReproducesTheClassifiersPooling) {
  if (!std::filesystem::exists(tests::golden_dir() / "hyenadna/standalone_classifier_pool")) {
    GTEST_SKIP() << "no reference vectors of hyenadna/standalone_classifier_pool";
  }
  const auto reference = tests::read_model_case("hyenadna", "standalone_classifier_pool");
  const std::map<std::string, std::string> modes = {{"mean", "logits"},
                                                    {"last", "logits_mode_last"},
                                                    {"first", "logits_mode_first"},
                                                    {"sum", "logits_mode_sum"}};
  for (const auto& [pool, key] : modes) {
    SCOPED_TRACE(pool);
    ASSERT_TRUE(reference.io.contains(key));
    auto options = tests::safari_lm_options(reference.config);
    options["mixer_options"]["shift"] = 0.05;
    options["num_classes"] = reference.config.at("n_classes");
    options["class_pool"] = pool;
    const auto model =
        tests::build_reference<LanguageModel>(reference, {.name = "causal_lm", .options = options});
    EXPECT_TRUE(close(model->classify(reference.io.at("input_ids")), reference.io.at(key), 1e-5));
  }
}

TEST(CausalLm, ParameterCountsEqualThePublishedOnes) {
  const UninitialisedWeights fast;
  const auto millions = [](const std::string& name, const json& options = json::object()) {
    return static_cast<double>(make_model({.name = name, .options = options})->parameter_count()) /
           1e6;
  };
  EXPECT_NEAR(millions("hyena_lm_125m"), 125.31, 0.005);
  EXPECT_NEAR(millions("hyena_lm_125m", {{"mixer_options", {{"order", 3}}}}), 133.0, 0.05);
  EXPECT_NEAR(millions("hyena_lm_125m_slim"), 137.7, 0.05);
  EXPECT_NEAR(millions("hyena_lm_153m"), 153.70, 0.005);
  EXPECT_NEAR(millions("hyena_lm_355m"), 359.5, 0.05);
  EXPECT_EQ(make_model({.name = "hyenadna_tiny_1k", .options = {}})->parameter_count(), 436096);
  EXPECT_NEAR(millions("hyenadna_tiny_1k_d256"), 1.64, 0.005);
  EXPECT_NEAR(millions("hyenadna_small_32k"), 3.28, 0.005);
  EXPECT_NEAR(millions("hyenadna_large_1m"), 6.55, 0.01);
}

TEST(CausalLm, NoTokenSeesTheFuture) {
  for (const json& changes : {json{{"mixer", "hyena"}}, json{{"mixer", "mha"}},
                              json{{"attn_layer_idx", {1}}, {"attn_dwconv", true}},
                              json{{"mixer_options", {{"order", 3}}}}}) {
    SCOPED_TRACE(changes.dump());
    const auto model = small(changes);
    const at::NoGradGuard no_grad;
    const auto ids = some_ids(2, 24);
    auto changed = ids.clone();
    changed.slice(1, 11) = (changed.slice(1, 11) + 5) % 19;
    const auto a = model->forward(ids), b = model->forward(changed);
    EXPECT_TRUE(close(b.slice(1, 0, 11), a.slice(1, 0, 11), 1e-5));
    EXPECT_FALSE(close(b.slice(1, 11), a.slice(1, 11), 1e-2));
  }
}

TEST(CausalLm, RecomputedBlocksGiveTheSameGradients) {
  const json dropout = {{"resid_dropout", 0.2}, {"embed_dropout", 0.1}};
  const auto kept = small(dropout);
  json changes = dropout;
  changes["checkpoint_blocks"] = true;
  const auto again = small(changes);
  const auto ids = some_ids(2, 24), targets = some_ids(2, 24);
  for (LanguageModel* model : {kept.get(), again.get()}) {
    model->train(true);
    at::manual_seed(9);
    model->loss(ids, targets).backward();
  }
  const auto expected = kept->parameters(), found = again->parameters();
  ASSERT_EQ(expected.size(), found.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_TRUE(found[i].tensor.grad().defined()) << found[i].name;
    EXPECT_TRUE(close(found[i].tensor.grad(), expected[i].tensor.grad(), 1e-6)) << found[i].name;
  }
}

TEST(CausalLm, InitialisationIsTheReferences) {
  const auto model = small({{"d_model", 128}, {"max_len", 64}, {"vocab_size", 500}});
  const auto std_of = [&](const std::string& name) {
    return model->find(name).std().item<double>();
  };
  EXPECT_NEAR(std_of("backbone.embeddings.word_embeddings.weight"), 0.02, 0.001);
  EXPECT_NEAR(std_of("backbone.layers.1.mixer.in_proj.weight"), 0.02, 0.001);
  EXPECT_NEAR(std_of("backbone.layers.1.mixer.filter_fn.implicit_filter.2.weight"), 0.02, 0.002);
  EXPECT_NEAR(std_of("backbone.layers.1.mlp.fc2.weight"), 0.02 / std::sqrt(6.0), 0.0005);
  EXPECT_NEAR(std_of("backbone.layers.1.mixer.out_proj.weight"), 0.02 / std::sqrt(6.0), 0.0005);
  EXPECT_EQ(model->find("backbone.layers.1.mlp.fc1.bias").abs().max().item<double>(), 0);
}

template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(CausalLm, RefusesWhatItCannotDo) {
  EXPECT_NE(refusal([] {
              small({{"mixer", "hyena_bidirectional"}});
            }).find("sees the future"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              small({{"attn_layer_idx", {3}}});
            }).find("no layer 3"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              small()->forward(at::full({1, 4}, 19, at::kLong));
            }).find("from 19 to 19, and the model's vocabulary from 0 to 18"),
            std::string::npos);
  EXPECT_NE(refusal([] { small()->forward(some_ids(1, 25)); }).find("25"), std::string::npos);
  EXPECT_NE(refusal([] {
              small({{"mixer", "mha"}, {"max_position_embeddings", 8}})->forward(some_ids(1, 9));
            }).find("positions for 8"),
            std::string::npos);
  EXPECT_NE(refusal([] { small()->classify(some_ids(1, 4)); }).find("num_classes"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              small({{"num_classes", 2}})->forward(some_ids(1, 4));
            }).find("classifies"),
            std::string::npos);
}

}  // namespace
}  // namespace hyena::backbone
