#include "inspect/probe/attribution.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "inspect/probe/block_evidence.h"
#include "inspect/probe/receptive_field.h"
#include "inspect/probe/salience.h"
#include "inspect/probe/sanity.h"
#include "tests/inspect/small_models.h"
#include "tests/support/tensors.h"

namespace hyena::inspect {
namespace {

using tests::close;

double score(OpenedSubject& subject, const at::Tensor& picture, const ClassTarget& target) {
  const at::NoGradGuard no_grad;
  return target_score(run_model(subject, picture), target).item<double>();
}

/// d score / d pixel by central differences, for a few pixels.
TEST(GradientTimesInput, EqualsFiniteDifferences) {
  const auto subject = tests::small_model(tests::small_vit("hyena2d"));
  const auto x = tests::small_picture();
  const ClassTarget target{.label = 2, .contrast = 4};
  const auto map = gradient_times_input(*subject, x, target);
  for (const std::int64_t i : {0, 5, 11}) {
    const std::int64_t j = (3 * i + 1) % 12;
    double expected = 0;
    for (std::int64_t c = 0; c < 3; ++c) {
      auto more = x.clone(), less = x.clone();
      more[0][c][i][j] += 1e-5;
      less[0][c][i][j] -= 1e-5;
      const double slope = (score(*subject, more, target) - score(*subject, less, target)) / 2e-5;
      expected += slope * x[0][c][i][j].item<double>();
    }
    EXPECT_NEAR(map[i][j].item<double>(), expected, 1e-7);
  }
}

TEST(Resolve, TakesTheLikeliestAndRefusesOthers) {
  const auto subject = tests::small_model(tests::small_vit("hyena"));
  const auto x = tests::small_picture();
  const auto label = run_model(*subject, x)[0].argmax().item<std::int64_t>();
  EXPECT_EQ(resolve(*subject, x, {}).label, label);
  EXPECT_THROW(resolve(*subject, x, {.label = 5}), backbone::OptionError);
  EXPECT_THROW(resolve(*subject, x, {.label = 1, .contrast = 7}), backbone::OptionError);
}

TEST(IntegratedGradients, SumToTheDifferenceOfScores) {
  const auto subject = tests::small_model(tests::small_vit("hyena_bidirectional"));
  const auto x = tests::small_picture();
  for (const char* name : {"mean", "black", "white", "blur"}) {
    const auto from = baseline(*subject, x, name);
    const auto found = integrated_gradients(*subject, x, {.label = 1}, from, 400);
    EXPECT_LT(found.completeness_error, 1e-3) << name;
    EXPECT_NEAR(found.score, score(*subject, x, {.label = 1}), 1e-12);
    EXPECT_NEAR(found.baseline_score, score(*subject, from, {.label = 1}), 1e-12);
    const auto coarse = integrated_gradients(*subject, x, {.label = 1}, from, 2);
    EXPECT_GT(coarse.completeness_error, found.completeness_error) << name;
  }
  EXPECT_THROW(baseline(*subject, x, "pink"), backbone::OptionError);
  EXPECT_NEAR(baseline(*subject, x, "white")[0][1][0][0].item<double>(), 0.6 / 0.3, 1e-12);
}

TEST(Occlusion, IsTheFallOfTheScore) {
  const auto subject = tests::small_model(tests::small_vit("hyena2d"));
  const auto x = tests::small_picture();
  const auto blank = baseline(*subject, x, "black");
  const auto found = occlusion(*subject, x, {.label = 3}, blank, 5);
  ASSERT_EQ(found.sizes(), at::IntArrayRef({3, 3}));
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      auto hidden = x.clone();
      for (int i = 5 * a; i < std::min(12, 5 * a + 5); ++i) {
        for (int j = 5 * b; j < std::min(12, 5 * b + 5); ++j) {
          for (int c = 0; c < 3; ++c) hidden[0][c][i][j] = blank[0][c][i][j];
        }
      }
      const double drop = score(*subject, x, {.label = 3}) - score(*subject, hidden, {.label = 3});
      EXPECT_NEAR(found[a][b].item<double>(), drop, 1e-10);
    }
  }
}

TEST(BlockEvidence, MapsAreTheirSums) {
  for (const char* mixer : {"hyena", "hyena2d", "attention", "gated"}) {
    const auto subject = tests::small_model(tests::small_vit(mixer));
    const auto x = tests::small_picture();
    const auto e = block_evidence(*subject, x, {.label = 2}, 1);
    const auto grad = grad_cam(e), hires = hires_cam(e), layer = layer_cam(e);
    ASSERT_EQ(grad.sizes(), at::IntArrayRef({3, 3}));
    for (std::int64_t t = 0; t < 9; ++t) {
      double g = 0, h = 0, l = 0;
      for (std::int64_t c = 0; c < 8; ++c) {
        const double y = e.y[c][t].item<double>(), d = e.gradient[c][t].item<double>();
        g += e.gradient[c].mean().item<double>() * y;
        h += d * y;
        l += std::max(d, 0.0) * y;
      }
      EXPECT_NEAR(grad[t / 3][t % 3].item<double>(), std::max(g, 0.0), 1e-12) << mixer;
      EXPECT_NEAR(hires[t / 3][t % 3].item<double>(), h, 1e-12) << mixer;
      EXPECT_NEAR(layer[t / 3][t % 3].item<double>(), std::max(l, 0.0), 1e-12) << mixer;
    }
  }
}

/// The gradient at y of the last block, which reaches the logits by the block's own layers: moving
/// the output projection's bias b by δ moves y's image W y + b as y + ε does with δ = W ε.
TEST(BlockEvidence, GradientIsThatOfTheScore) {
  const auto subject = tests::small_model(tests::small_vit("hyena2d"));
  const auto x = tests::small_picture();
  const auto e = block_evidence(*subject, x, {.label = 2}, 1);
  const auto w = subject->layer(1).mixer->long_filters({}).out_weight;
  auto bias = subject->model().find("blocks.1.mixer.out_proj.bias");
  const auto direction = at::randn({8}, at::kDouble);  // the same ε at each place
  const auto at_step = [&](double step) {
    const at::NoGradGuard no_grad;
    const auto before = bias.clone();
    bias += step * w.matmul(direction);
    const double out = score(*subject, x, {.label = 2});
    bias.copy_(before);
    return out;
  };
  const double expected = (at_step(1e-5) - at_step(-1e-5)) / 2e-5;
  const double found = (e.gradient.sum(1) * direction).sum().item<double>();
  EXPECT_NEAR(found, expected, 1e-6 * std::abs(expected) + 1e-9);
}

TEST(MatrixAttribution, SharesOutTheLinearisedScore) {
  for (const char* mixer : {"hyena", "hyena2d", "hyena_bidirectional", "attention"}) {
    const auto subject = tests::small_model(tests::small_vit(mixer));
    const auto x = tests::small_picture();
    const auto e = block_evidence(*subject, x, {.label = 0}, 0);
    const auto m = freeze(*subject, x, 0);
    const auto found = matrix_attribution(m, e.gradient);
    EXPECT_NEAR(found.sum().item<double>(), (e.gradient * e.y).sum().item<double>(), 1e-10);
    auto one = at::zeros_like(m.v);
    one.select(1, 4).copy_(m.v.select(1, 4));
    EXPECT_NEAR(found[4].item<double>(), (e.gradient * apply(m, one)).sum().item<double>(), 1e-10);
  }
}

TEST(DeletionCurve, DeletesTheMostImportantFirst) {
  const auto subject = tests::small_model(tests::small_vit("hyena"));
  const auto x = tests::small_picture();
  const auto blank = baseline(*subject, x, "mean");
  const auto map = occlusion(*subject, x, {.label = 1}, blank, 4);
  const auto found = deletion_curve(*subject, x, {.label = 1}, map, blank, 9);
  ASSERT_EQ(found.score.size(), 10u);
  EXPECT_NEAR(found.score.front(), score(*subject, x, {.label = 1}), 1e-12);
  EXPECT_NEAR(found.score.back(), score(*subject, blank, {.label = 1}), 1e-12);
  // The first to go is the patch whose occlusion costs most.
  EXPECT_NEAR(found.score[1], found.score[0] - map.max().item<double>(), 1e-10);
}

TEST(Randomised, IsAnotherModelOfTheSameShape) {
  const auto subject = tests::small_model(tests::small_vit("hyena2d"));
  const auto other = randomised(*subject);
  const auto again = randomised(*subject);
  const auto x = tests::small_picture();
  EXPECT_TRUE(at::equal(run_model(*other, x), run_model(*again, x)));
  EXPECT_FALSE(at::allclose(run_model(*other, x), run_model(*subject, x)));
  const auto a = at::randn({4, 5}, at::kDouble);
  EXPECT_NEAR(rank_correlation(a, a.exp()), 1, 1e-12);
  EXPECT_NEAR(rank_correlation(a, -a), -1, 1e-12);
}

TEST(ReceptiveField, OfModelsThatLookNowhereIsTheMiddlePatch) {
  const auto alone = tests::small_model(tests::small_vit("gated"));
  const auto source = [](std::int64_t i) {
    at::manual_seed(static_cast<std::uint64_t>(40 + i));
    return at::randn({1, 3, 12, 12}, at::kDouble);
  };
  const auto found = receptive_field(*alone, source, 3);
  EXPECT_EQ(found.pictures, 3);
  const auto middle = found.score.slice(0, 4, 8).slice(1, 4, 8);
  EXPECT_GT(middle.sum().item<double>(), 0);
  EXPECT_EQ((found.score > 0).sum().item<std::int64_t>(), (middle > 0).sum().item<std::int64_t>());
  const auto all = tests::small_model(tests::small_vit("hyena2d"));
  EXPECT_GT(receptive_field(*all, source, 1).score.slice(0, 0, 4).sum().item<double>(), 0);
  const auto broken = [&](std::int64_t i) { return i == 0 ? source(0) / 0.0 : source(i); };
  EXPECT_EQ(receptive_field(*all, broken, 2).skipped, 1);
}

TEST(ReceptiveField, SquaresHoldTheirShare) {
  auto map = at::zeros({7, 7}, at::kDouble);
  map.slice(0, 2, 5).slice(1, 2, 5) += 1;  // 9 cells
  map[0][0] = 1;
  const auto found = centred_squares(map, {0.1, 0.5, 0.9, 0.95});
  EXPECT_EQ(found[0].side, 1);
  EXPECT_EQ(found[1].side, 3);
  EXPECT_EQ(found[2].side, 3);
  EXPECT_EQ(found[3].side, 7);
  EXPECT_NEAR(found[1].area, 9.0 / 49, 1e-12);
}

TEST(LagSensitivity, EqualsFiniteDifferences) {
  const auto subject = tests::small_model(tests::small_lm("hyena"));
  const auto ids = tests::small_text(6);
  const auto found = lag_sensitivity(*subject, ids, {2, 4});
  auto& model = subject->language();
  const auto embedded = model.embed(ids, 0).hidden.detach().clone();
  const auto gradient = [&](std::int64_t t, std::int64_t s) {
    const at::NoGradGuard no_grad;
    double sum = 0;
    for (std::int64_t d = 0; d < 8; ++d) {
      const auto loss = [&](double step) {
        auto moved = embedded.clone();
        moved[0][s][d] += step;
        const auto logits = run_model(*subject, moved)[0][t].slice(0, 0, 23);
        return -at::log_softmax(logits, 0)[ids[0][t + 1].item<std::int64_t>()].item<double>();
      };
      sum += std::pow((loss(1e-5) - loss(-1e-5)) / 2e-5, 2);
    }
    return std::sqrt(sum);
  };
  for (const std::int64_t lag : {0, 2}) {
    EXPECT_NEAR(found[lag].item<double>(), (gradient(2, 2 - lag) + gradient(4, 4 - lag)) / 2, 1e-7);
  }
  EXPECT_NEAR(found[4].item<double>(), gradient(4, 0), 1e-7);
  EXPECT_TRUE(std::isnan(found[5].item<double>()));
  EXPECT_THROW(lag_sensitivity(*subject, ids, {5}), backbone::OptionError);
}

TEST(Salience, EqualsFiniteDifferences) {
  for (const char* mixer : {"hyena", "mha"}) {
    const auto subject = tests::small_model(tests::small_lm(mixer));
    const auto ids = tests::small_text(6);
    const auto found = salience(*subject, ids, {.position = 4, .token = 3, .contrast = 9});
    const auto embedded = subject->language().embed(ids, 0).hidden.detach().clone();
    const at::NoGradGuard no_grad;
    const auto logits = run_model(*subject, ids)[0][4];
    EXPECT_NEAR(found.score, (logits[3] - logits[9]).item<double>(), 1e-12);
    for (const std::int64_t s : {0, 4, 5}) {
      double square = 0, product = 0;
      for (std::int64_t d = 0; d < 8; ++d) {
        const auto contrast = [&](double step) {
          auto moved = embedded.clone();
          moved[0][s][d] += step;
          const auto l = run_model(*subject, moved)[0][4];
          return (l[3] - l[9]).item<double>();
        };
        const double slope = (contrast(1e-5) - contrast(-1e-5)) / 2e-5;
        square += slope * slope;
        product += slope * embedded[0][s][d].item<double>();
      }
      EXPECT_NEAR(found.l2[s].item<double>(), std::sqrt(square), 1e-6);
      EXPECT_NEAR(found.times_embedding[s].item<double>(), product, 1e-6);
    }
    const auto likeliest = salience(*subject, ids, {});
    EXPECT_EQ(likeliest.target.position, 5);
    EXPECT_EQ(likeliest.target.token,
              run_model(*subject, ids)[0][5].slice(0, 0, 23).argmax().item<std::int64_t>());
    EXPECT_THROW(salience(*subject, ids, {.token = 23}), backbone::OptionError);
  }
}

TEST(Attribution, CancellingLeavesTheModelUsable) {
  const auto subject = tests::small_model(tests::small_vit("hyena2d"));
  const auto x = tests::small_picture();
  const auto before = run_model(*subject, x);
  const Progress cancel = [](const std::string&, std::int64_t done, std::int64_t) {
    if (done > 0) throw Cancelled();
  };
  const auto blank = baseline(*subject, x, "mean");
  EXPECT_THROW(integrated_gradients(*subject, x, {}, blank, 5, cancel), Cancelled);
  EXPECT_THROW(occlusion(*subject, x, {}, blank, 2, cancel), Cancelled);
  EXPECT_THROW(block_evidence(*subject, x, {}, 1, cancel), Cancelled);
  EXPECT_TRUE(at::equal(run_model(*subject, x), before));
}

}  // namespace
}  // namespace hyena::inspect
