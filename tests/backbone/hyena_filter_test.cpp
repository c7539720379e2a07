#include "backbone/hyena_filter.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using tests::close;

class GoldenFilter : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenFilter);

TEST_P(GoldenFilter, EqualsTheReferenceWithGradients) {
  if (!GetParam().starts_with("hyena_")) {
    GTEST_SKIP() << "the filter of '" << GetParam() << "' does not exist yet";
  }
  const auto stem = tests::golden_dir() / "filter" / GetParam();
  auto config = tests::read_config(stem.string() + ".json");
  const auto t = tests::read_tensors(stem.string() + ".safetensors");
  config["filter_order"] = config.value("order", 16);  // the filter class calls its width `order`
  config.erase("order");
  const HyenaFilterOptions options = tests::reference_hyena_options(config).filter;
  const std::int64_t l_max = config.at("seq_len");
  HyenaFilter filter(config.at("d_model"), l_max, options);

  const double tolerance = options.emb_dim >= 33 ? 1e-5 : 1e-6;
  EXPECT_TRUE(close(filter.find("pos_emb.z"), t.at("z_fp32"), tolerance));
  EXPECT_TRUE(close(filter.find("pos_emb.t"), t.at("t_fp32"), 1e-6));
  EXPECT_TRUE(close(filter.find("modulation.deltas"), t.at("deltas_fp32"), 1e-6));

  filter.to(at::kDouble);
  tests::load_reference(filter, t, "param.");
  const auto h = filter.forward(l_max);
  EXPECT_TRUE(close(h, t.at("h"), 1e-10));
  const std::int64_t prefix = config.at("prefix_len");
  EXPECT_TRUE(close(filter.forward(prefix), t.at("h_prefix"), 1e-10));
  (h * t.at("c")).sum().backward();
  EXPECT_TRUE(tests::gradients_close(filter, t, 1e-10));
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenFilter, testing::ValuesIn(tests::golden_cases("filter")),
                         [](const auto& case_) { return tests::test_name(case_.param); });

TEST(HyenaFilter, MarksItsParametersForTheOptimiser) {
  HyenaFilterOptions options;
  options.filter_lr = 2e-3;
  options.filter_wd = 0.01;
  options.lr_pos_emb = 3e-4;
  const HyenaFilter filter(4, 16, options);
  for (const auto& parameter : filter.parameters()) {
    if (parameter.name == "pos_emb.z") {
      EXPECT_EQ(parameter.hint.lr, 3e-4);
      EXPECT_EQ(parameter.hint.weight_decay, 0);
    } else if (parameter.name == "bias") {
      EXPECT_FALSE(parameter.hint.lr.has_value());
    } else {
      EXPECT_EQ(parameter.hint.lr, 2e-3) << parameter.name;
      EXPECT_EQ(parameter.hint.weight_decay, 0.01) << parameter.name;
    }
  }
  options.lr_pos_emb = 0;
  const HyenaFilter fixed(4, 16, options);
  for (const auto& entry : fixed.state())
    EXPECT_FALSE(entry.name == "pos_emb.z" && entry.is_parameter);
}

TEST(HyenaFilter, CentredTapsFollowTheLagWhateverTheLength) {
  at::manual_seed(1);
  HyenaFilter filter(3, 9, {}, /*centred=*/true, /*shared_sine=*/false);
  const auto whole = filter.forward(9), part = filter.forward(4);
  EXPECT_EQ(whole.size(1), 17);
  EXPECT_TRUE(close(part, whole.slice(1, 5, 12), 1e-6));
  // The window peaks at lag 0 and is even.
  const auto window = filter.window(9);
  EXPECT_TRUE(window.equal(window.flip(1)));
  EXPECT_EQ(window.select(2, 0).argmax().item<std::int64_t>(), 8);
}

TEST(HyenaFilter, AnotherLengthSamplesTheSameFunction) {
  at::manual_seed(2);
  HyenaFilterOptions options;
  options.lr_pos_emb = 0;
  HyenaFilter filter(3, 9, options);
  const auto coarse = filter.forward(9);
  filter.set_l_max(17);
  const auto fine = filter.forward(17);
  // t runs from 0 to 1 on both grids; with fixed wave features only the time feature coincides, so
  // compare windows, and shapes of the taps.
  EXPECT_EQ(fine.size(1), 17);
  const auto window = filter.window(17).slice(1, 0, 17, 2);
  filter.set_l_max(9);
  EXPECT_TRUE(close(filter.window(9), window, 1e-6));
  EXPECT_TRUE(close(filter.forward(9), coarse, 1e-6));
}

TEST(HyenaFilter, RefusesEvenEmbeddings) {
  HyenaFilterOptions options;
  options.emb_dim = 4;
  try {
    HyenaFilter filter(2, 8, options);
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(), "emb_dim must be odd (time and pairs of cosine and sine), got 4");
  }
}

}  // namespace
}  // namespace hyena::backbone
