#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/mixers/hyena2d.h"
#include "tests/support/files.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using tests::close;

/// HyenaPixel's 2-D operator H_px.
class Golden2dOperator : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Golden2dOperator);

TEST_P(Golden2dOperator, EqualsTheReferenceWithGradients) {
  if (!GetParam().starts_with("operator_hpx")) GTEST_SKIP() << "a 1-D operator, tested elsewhere";
  const auto stem = tests::golden_dir() / "hyenapixel" / GetParam();
  const auto config = tests::read_config(stem.string() + ".json");
  auto t = tests::read_tensors(stem.string() + ".safetensors");
  nlohmann::json options = nlohmann::json::object();
  for (const char* key : {"use_layernorm", "long_kernel_size", "filter_emb_dim"}) {
    if (config.contains(key)) options[key] = config[key];
  }
  const TokenGrid grid{.height = config.at("H"), .width = config.at("W")};
  Hyena2dMixer mixer({.d_model = config.at("dim"), .grid = grid},
                     options_of<Hyena2dOptions>(options, "case"));
  EXPECT_TRUE(close(mixer.find("long_conv.distance_map"), t["param.long_conv.distance_map"], 1e-6));
  mixer.to(at::kDouble);
  tests::load_reference(mixer, t, "param.");
  const auto u = t["u"].flatten(1, 2).detach().clone().set_requires_grad(true);
  EXPECT_TRUE(close(mixer.filter()->forward(), t["filter"].squeeze(0), 1e-10));
  const auto y = mixer.forward(u, grid);
  EXPECT_TRUE(close(y, t["y"].flatten(1, 2), 1e-10));
  (y * t["c"].flatten(1, 2)).sum().backward();
  EXPECT_TRUE(close(u.grad(), t["grad.u"].flatten(1, 2), 1e-10));
  EXPECT_TRUE(tests::gradients_close(mixer, t, 1e-10));
}

INSTANTIATE_TEST_SUITE_P(Folder, Golden2dOperator,
                         testing::ValuesIn(tests::golden_cases("hyenapixel")),
                         [](const auto& case_) { return tests::test_name(case_.param); });

TEST(Mixers, EachKindServesRectanglesAndOtherResolutions) {
  at::manual_seed(1);
  const at::NoGradGuard no_grad;
  const TokenGrid grid{.height = 5, .width = 7}, larger{.height = 9, .width = 8};
  for (const MixerEntry& entry : mixer_registry()) {
    const auto mixer = entry.make({.d_model = 64, .grid = grid}, nlohmann::json::object());
    const auto x = at::randn({2, 35, 64});
    const auto y = mixer->forward(x, grid);
    EXPECT_EQ(y.sizes(), x.sizes()) << entry.name;
    mixer->resize_filters(larger);
    EXPECT_EQ(mixer->forward(at::randn({2, 72, 64}), larger).size(1), 72) << entry.name;
  }
}

TEST(Mixers, DepthwiseKindsSeeTheirNeighbourhoodOnTheMapAlone) {
  at::manual_seed(2);
  const at::NoGradGuard no_grad;
  const TokenGrid grid{.height = 6, .width = 11};
  for (const char* name : {"conv7x7", "sep_conv"}) {
    const auto mixer = find_mixer(name).make({.d_model = 4, .grid = grid}, {{"kernel_size", 5}});
    const auto x = at::randn({1, grid.patches(), 4});
    auto changed = x.clone();
    changed[0][1 * grid.width + 7] += 1;
    const auto moved = (mixer->forward(changed, grid) - mixer->forward(x, grid))
                           .abs()
                           .sum(-1)
                           .view({grid.height, grid.width})
                           .gt(1e-7);
    auto expected = at::zeros_like(moved);
    expected.slice(0, 0, 4).slice(1, 5, 10).fill_(true);
    EXPECT_TRUE(at::equal(moved, expected)) << name << moved;
  }
}

TEST(Mixers, UnknownKindsNameTheNearest) {
  try {
    find_mixer("hyenna2d");
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_TRUE(
        std::string(error.what())
            .starts_with("unknown mixer 'hyenna2d'; did you mean 'hyena2d'? Known: hyena, "))
        << error.what();
  }
}

TEST(Hyena2d, RefusesPrefixTokens) {
  Hyena2dMixer mixer({.d_model = 4, .grid = {.height = 2, .width = 2}}, {});
  try {
    mixer.forward(at::randn({1, 5, 4}), {.height = 2, .width = 2, .prefix = 1});
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(),
                 "the mixer hyena2d works on a map and cannot take class or register "
                 "tokens; use --no-class-token with --pool avg");
  }
}

TEST(Hyena2d, CoordinateFeaturesAreEvaluatedAnewOnAnotherGrid) {
  at::manual_seed(2);
  HyenaFilter2dOptions options;
  options.filter_emb_dim = 8;
  options.features = "coordinates";
  HyenaFilter2d filter(3, 5, options);
  const auto coarse = filter.forward();
  filter.resize(9);
  // Every second tap of the finer filter stands where a tap of the coarse one stood.
  const auto z = filter.find("z").slice(2, 0, 9, 2).slice(3, 0, 9, 2).clone();
  filter.resize(5);
  EXPECT_TRUE(close(z, filter.find("z"), 1e-6));
  EXPECT_EQ(filter.forward().sizes(), coarse.sizes());
}

}  // namespace
}  // namespace hyena::backbone
