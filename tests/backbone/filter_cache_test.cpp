#include "backbone/filter_cache.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/mixer.h"
#include "backbone/ops/fftconv.h"
#include "backbone/ops/flops.h"
#include "tests/support/tensors.h"

/// Inference keeps transformed filters between calls, and never an outdated one.
namespace hyena::backbone {
namespace {

using tests::close;

class FilterCache : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    at::manual_seed(9);
    nlohmann::json options = nlohmann::json::object();
    if (GetParam() == "hyena") options = {{"order", 3}, {"extend", "evaluate"}};
    mixer_ = find_mixer(GetParam()).make({.d_model = 32, .grid = grid_}, options);
    mixer_->train(false);
  }

  at::Tensor run(const at::Tensor& x, const TokenGrid& grid) {
    const at::NoGradGuard no_grad;
    return mixer_->forward(x, grid);
  }
  /// The result without any cache, and whether a cached call agrees.
  testing::AssertionResult current(const at::Tensor& x, const TokenGrid& grid) {
    const Composition composition;
    const auto fresh = run(x, grid);
    return close(cached_, fresh, x.scalar_type() == at::kDouble ? 1e-12 : 1e-5);
  }
  /// FLOPs spent on evaluating filters during a call.
  double filter_work(const at::Tensor& x, const TokenGrid& grid) {
    const FlopCounter counter;
    cached_ = run(x, grid);
    const auto found = counter.by_kind().find("filter");
    return found == counter.by_kind().end() ? 0 : found->second;
  }

  TokenGrid grid_{.height = 6, .width = 5};
  std::unique_ptr<Mixer> mixer_;
  at::Tensor cached_;
};

TEST_P(FilterCache, IsFilledOnceAndDroppedWithEveryChange) {
  auto x = at::randn({2, 30, 32});
  EXPECT_GT(filter_work(x, grid_), 0);
  const auto first = cached_;
  EXPECT_EQ(filter_work(x, grid_), 0);
  EXPECT_TRUE(at::equal(cached_, first));
  EXPECT_EQ(filter_work(at::randn({7, 30, 32}), grid_), 0) << "another batch";

  {  // an optimiser's step
    const at::NoGradGuard no_grad;
    for (const auto& p : mixer_->parameters()) p.tensor.sub_(at::randn_like(p.tensor), 0.05);
  }
  EXPECT_GT(filter_work(x, grid_), 0) << "after a step";
  EXPECT_FALSE(close(cached_, first, 1e-3));
  EXPECT_TRUE(current(x, grid_));

  // New contents, twice, so that memory may come back under its old address.
  for (int i = 0; i < 2; ++i) {
    for (const auto& p : mixer_->parameters()) {
      mixer_->replace(p.name, at::randn_like(p.tensor.detach()) * 0.2);
    }
    EXPECT_GT(filter_work(x, grid_), 0) << "after a load";
    EXPECT_TRUE(current(x, grid_));
  }

  mixer_->to(at::kDouble);
  x = x.to(at::kDouble);
  EXPECT_GT(filter_work(x, grid_), 0) << "after .to(float64)";
  EXPECT_TRUE(current(x, grid_));

  const TokenGrid other{.height = 4, .width = 5};
  EXPECT_GT(filter_work(x.slice(1, 0, 20), other), 0) << "another length";
  EXPECT_TRUE(current(x.slice(1, 0, 20), other));
}

TEST_P(FilterCache, IsNotUsedInTraining) {
  const auto x = at::randn({2, 30, 32});
  filter_work(x, grid_);
  mixer_->train(true);
  EXPECT_GT(filter_work(x, grid_), 0);
  mixer_->train(false);
  (mixer_->forward(x, grid_) * at::randn({2, 30, 32})).sum().backward();
  for (const auto& p : mixer_->parameters()) {
    EXPECT_EQ(p.tensor.grad().defined(), p.tensor.requires_grad()) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, FilterCache,
                         testing::Values("hyena", "hyena_bidirectional", "hyena2d"),
                         [](const auto& c) { return c.param; });

}  // namespace
}  // namespace hyena::backbone
