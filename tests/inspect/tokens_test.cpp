#include "inspect/probe/tokens.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "inspect/probe/capture.h"
#include "tests/inspect/small_models.h"
#include "tests/support/tensors.h"

namespace hyena::inspect {
namespace {

using tests::close;

/// p of the next token at each position, over the 23 real ids, sum by sum.
std::vector<std::vector<double>> probabilities(const at::Tensor& logits) {
  std::vector<std::vector<double>> out;
  for (std::int64_t t = 0; t < logits.size(0); ++t) {
    std::vector<double> p;
    double sum = 0;
    for (std::int64_t i = 0; i < 23; ++i) {
      p.push_back(std::exp(logits[t][i].item<double>()));
      sum += p.back();
    }
    for (double& x : p) x /= sum;
    out.push_back(p);
  }
  return out;
}

TEST(ReadTokens, AgreesWithTheSoftmaxOfTheLogits) {
  const auto subject = tests::small_model(tests::small_lm("hyena"));
  const auto ids = tests::small_text(9);
  const at::NoGradGuard no_grad;
  const auto p = probabilities(run_model(*subject, ids)[0]);
  const auto found = read_tokens(*subject, ids, 4);
  ASSERT_EQ(found.loss.size(0), 9);
  EXPECT_TRUE(std::isnan(found.loss[0].item<double>()));
  EXPECT_EQ(found.rank[0].item<std::int64_t>(), -1);
  double sum = 0;
  for (std::size_t t = 1; t < 9; ++t) {
    const auto i = static_cast<std::int64_t>(t);
    const auto& before = p[t - 1];
    const double own = before[static_cast<std::size_t>(ids[0][i].item<std::int64_t>())];
    double entropy = 0;
    std::int64_t rank = 0;
    for (const double x : before) {
      entropy -= x * std::log(x);
      rank += x > own;
    }
    EXPECT_NEAR(found.loss[i].item<double>(), -std::log(own), 1e-10);
    EXPECT_NEAR(found.entropy[i].item<double>(), entropy, 1e-10);
    EXPECT_EQ(found.rank[i].item<std::int64_t>(), rank);
    sum -= std::log(own);
  }
  EXPECT_NEAR(found.mean_loss, sum / 8, 1e-10);
  EXPECT_NEAR(found.perplexity, std::exp(sum / 8), 1e-8);
  for (std::size_t t = 0; t < 9; ++t) {
    for (std::int64_t k = 0; k < 4; ++k) {
      const auto i = static_cast<std::int64_t>(t);
      const auto id = found.top[i][k].item<std::int64_t>();
      ASSERT_LT(id, 23);
      const double x = p[t][static_cast<std::size_t>(id)];
      EXPECT_NEAR(found.top_probability[i][k].item<double>(), x, 1e-10);
      EXPECT_EQ(std::ranges::count_if(p[t], [&](double y) { return y > x; }), k);
    }
  }
}

TEST(ReadTokens, OneTokenHasNoLoss) {
  const auto subject = tests::small_model(tests::small_lm("mha"));
  const auto found = read_tokens(*subject, tests::small_text(1), 50);
  EXPECT_EQ(found.top.size(1), 23);
  EXPECT_TRUE(std::isnan(found.mean_loss));
}

TEST(LogitLens, EndsInTheModelAndBeginsAtTheEmbedding) {
  const auto subject = tests::small_model(tests::small_lm("hyena"));
  const auto ids = tests::small_text(7);
  const at::NoGradGuard no_grad;
  auto& model = subject->language();
  const auto found = logit_lens(*subject, ids);
  ASSERT_EQ(found.token.sizes(), at::IntArrayRef({3, 7}));
  const auto seen =
      capture(*subject, ids, {"backbone.layers.0.hidden", "backbone.layers.0.residual"});
  const at::Tensor streams[] = {model.finish(model.embed(ids, 0)),
                                model.finish({seen.tensors.at("backbone.layers.0.hidden"),
                                              seen.tensors.at("backbone.layers.0.residual")}),
                                model.forward_features(ids)};
  for (std::int64_t row = 0; row < 3; ++row) {
    const auto p = probabilities(model.head(streams[row])[0]);
    for (std::int64_t t = 0; t < 7; ++t) {
      const auto& at_t = p[static_cast<std::size_t>(t)];
      const auto best = std::ranges::max_element(at_t);
      EXPECT_EQ(found.token[row][t].item<std::int64_t>(), best - at_t.begin());
      EXPECT_NEAR(found.probability[row][t].item<double>(), *best, 1e-10);
      const double actual = found.actual[row][t].item<double>();
      if (t == 6) {
        EXPECT_TRUE(std::isnan(actual));
      } else {
        const auto next = static_cast<std::size_t>(ids[0][t + 1].item<std::int64_t>());
        EXPECT_NEAR(actual, at_t[next], 1e-10);
      }
    }
  }
  const Progress cancel = [](const std::string&, std::int64_t done, std::int64_t) {
    if (done > 0) throw Cancelled();
  };
  EXPECT_THROW(logit_lens(*subject, ids, cancel), Cancelled);
  EXPECT_TRUE(at::equal(logit_lens(*subject, ids).probability, found.probability));
}

}  // namespace
}  // namespace hyena::inspect
