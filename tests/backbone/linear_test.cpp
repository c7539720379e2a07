#include "backbone/ops/linear.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hyena::backbone {
namespace {

double relative(const at::Tensor& actual, const at::Tensor& exact) {
  return ((actual.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

struct Case {
  std::vector<std::int64_t> rows;
  std::int64_t in, out;
  bool bias, transposed;
};

class LinearTest : public testing::TestWithParam<Case> {};

// Small products, which are MKL's on every machine, and large ones.
TEST_P(LinearTest, EqualsFloat64WithItsGradients) {
  const Case& c = GetParam();
  at::manual_seed(5);
  auto shape = c.rows;
  shape.push_back(c.in);
  auto x = at::randn(shape);
  if (c.transposed) x = x.transpose(0, 1).contiguous().transpose(0, 1);
  const auto weight = at::randn({c.out, c.in});
  const auto bias = c.bias ? at::randn({c.out}) : at::Tensor();
  shape.back() = c.out;
  const auto dy = at::randn(shape);

  const auto run = [&](at::ScalarType type, auto function) {
    const auto leaf = [&](const at::Tensor& t) {
      return t.defined() ? t.detach().to(type).set_requires_grad(true) : t;
    };
    const auto a = leaf(x), w = leaf(weight), b = leaf(bias);
    const auto y = function(a, w, b);
    std::vector<at::Tensor> inputs{a, w};
    if (b.defined()) inputs.push_back(b);
    auto results = torch::autograd::grad({y}, inputs, {dy.to(type)});
    results.insert(results.begin(), y);
    return results;
  };
  const auto exact = run(at::kDouble, [](auto&... a) { return at::linear(a...); });
  const auto actual = run(at::kFloat, [](auto&... a) { return backbone::linear(a...); });
  ASSERT_EQ(actual.size(), exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_EQ(actual[i].sizes(), exact[i].sizes()) << i;
    EXPECT_LT(relative(actual[i], exact[i]), 2e-6) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearTest,
                         testing::Values(Case{{3, 5}, 16, 8, true, false},
                                         Case{{4, 196}, 96, 288, true, false},
                                         Case{{4, 196}, 96, 288, false, false},
                                         Case{{6, 50}, 300, 70, true, true},
                                         Case{{2000}, 64, 31, true, false}));

TEST(Linear, FrozenParametersAndOverlappingRows) {
  at::manual_seed(6);
  const auto signal = at::randn({1000}), weight = at::randn({128, 128}), bias = at::randn({128});
  const auto x = signal.unfold(0, 128, 2);  // rows that share memory
  const auto dy = at::randn({x.size(0), 128});
  const auto exact = [&](const at::Tensor& t) { return t.to(at::kDouble); };
  const auto trained = [](const at::Tensor& t) { return t.clone().set_requires_grad(true); };

  const auto w = trained(weight);
  const auto dw = torch::autograd::grad({backbone::linear(x, w, {})}, {w}, {dy})[0];
  EXPECT_LT(relative(dw, exact(dy).t().mm(exact(x))), 2e-6);

  const auto b = trained(bias);
  const auto db = torch::autograd::grad({backbone::linear(x, weight, b)}, {b}, {dy})[0];
  EXPECT_LT(relative(db, exact(dy).sum(0)), 2e-6);

  const auto leaf = trained(x);
  const auto dx = torch::autograd::grad({backbone::linear(leaf, weight, bias)}, {leaf},
                                        {dy.slice(1, 0, 1).expand_as(dy)})[0];
  EXPECT_LT(relative(dx, exact(dy).slice(1, 0, 1).expand_as(dy).mm(exact(weight))), 2e-6);
}

TEST(Linear, GradientsCanBeDifferentiatedAgain) {
  at::manual_seed(7);
  const auto x = at::randn({300, 96}).set_requires_grad(true);
  const auto weight = at::randn({96, 96}).set_requires_grad(true);
  const auto dy = at::randn({300, 96});
  const auto twice = [&](auto function) {
    const auto dx = torch::autograd::grad({function(x, weight)}, {x}, {dy}, {}, true)[0];
    return torch::autograd::grad({dx.square().sum()}, {weight})[0];
  };
  const auto expected = twice([](const auto& a, const auto& w) { return at::linear(a, w); });
  const auto actual =
      twice([](const auto& a, const auto& w) { return backbone::linear(a, w, {}); });
  EXPECT_LT(relative(actual, expected.to(at::kDouble)), 1e-5);
}

}  // namespace
}  // namespace hyena::backbone
