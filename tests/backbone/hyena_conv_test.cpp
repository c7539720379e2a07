#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "backbone/ops/fftconv.h"

namespace hyena::backbone {
namespace {

double relative(const at::Tensor& actual, const at::Tensor& exact) {
  return ((actual.to(at::kDouble) - exact.to(at::kDouble)).norm() / exact.to(at::kDouble).norm())
      .item<double>();
}

/// The arguments of one call; maps where `width` is not 0.
struct Step {
  std::int64_t channels = 5, length = 40, width = 0, taps = 3;
  ShortStreams streams = {};
  bool biases = true;
  at::Tensor x = {}, weight = {}, short_bias = {}, h = {}, bias = {};

  void draw(at::ScalarType type = at::kDouble) {
    at::manual_seed(9);
    const auto options = at::TensorOptions().dtype(type);
    const std::int64_t c = 3 * channels;
    x = (width > 0 ? at::randn({2, length * width, c}, options)
                         .transpose(1, 2)
                         .unflatten(2, {length, width})
                   : at::randn({2, length, c}, options).transpose(1, 2));
    weight = width > 0 ? at::randn({c, 1, taps, taps}, options) : at::randn({c, 1, taps}, options);
    h = width > 0 ? at::randn({channels, 2 * length - 1, 2 * width - 1}, options)
                  : at::randn({channels, length}, options);
    short_bias = biases ? at::randn({c}, options) : at::Tensor();
    bias = biases ? at::randn({channels}, options) : at::Tensor();
  }
  at::Tensor operator()() const {
    return width > 0 ? hyena_conv2d(x, weight, short_bias, h, bias, Boundary::kZero, true, streams)
                     : hyena_conv(x, weight, short_bias, h, bias, Support::kCausal, streams);
  }
  std::vector<at::Tensor> trained() const {
    std::vector<at::Tensor> out;
    for (const at::Tensor* t : {&x, &weight, &h, &short_bias, &bias}) {
      if (t->defined() && t->requires_grad()) out.push_back(*t);
    }
    return out;
  }
};

/// Result and gradients by our kernel and by the composition of LibTorch's operations.
void expect_both_ways_alike(const Step& step, const std::string& name) {
  const auto y = step();
  at::Tensor expected;
  std::vector<at::Tensor> exact;
  const auto dy = at::randn_like(y);
  {
    const Composition composition;
    expected = step();
    exact = torch::autograd::grad({expected}, step.trained(), {dy});
  }
  EXPECT_LT(relative(y, expected), 1e-12) << name;
  const auto actual = torch::autograd::grad({y}, step.trained(), {dy});
  ASSERT_EQ(actual.size(), exact.size()) << name;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_LT(relative(actual[i], exact[i]), 1e-11) << name << ", gradient " << i;
  }
}

TEST(HyenaConv, LinesAndMapsEqualTheComposition) {
  for (const std::int64_t width : {0, 1, 9}) {
    for (const std::int64_t gate : {0, 1, 2}) {
      for (const bool biases : {true, false}) {
        Step step{.width = width, .streams = {width == 0, gate}, .biases = biases};
        if (width > 0) step.length = 7;
        step.draw();
        for (at::Tensor* t : {&step.x, &step.weight, &step.h, &step.short_bias, &step.bias}) {
          if (t->defined()) t->set_requires_grad(true);
        }
        expect_both_ways_alike(step, "width " + std::to_string(width) + " gate " +
                                         std::to_string(gate) + (biases ? "" : " without biases"));
      }
    }
  }
}

// Each parameter alone: gradients reach the one that asks.
TEST(HyenaConv, FrozenTensors) {
  for (int trained = 0; trained < 5; ++trained) {
    Step step;
    step.draw();
    at::Tensor* all[] = {&step.x, &step.weight, &step.h, &step.short_bias, &step.bias};
    all[trained]->set_requires_grad(true);
    expect_both_ways_alike(step, "trained " + std::to_string(trained));
  }
}

TEST(HyenaConv, MoreTapsThanTheKernelHas) {
  Step step{.taps = 17};
  step.draw();
  step.weight.set_requires_grad(true);
  expect_both_ways_alike(step, "17 taps");
}

TEST(HyenaConv, EmptyBatches) {
  Step step;
  step.draw();
  step.x = step.x.slice(0, 0, 0).set_requires_grad(true);
  step.h.set_requires_grad(true);
  const auto y = step();
  EXPECT_EQ(y.sizes(), (at::IntArrayRef{0, 5, 40}));
  const auto gradients = torch::autograd::grad({y}, {step.x, step.h}, {y.detach()});
  EXPECT_EQ(gradients[1].abs().sum().item<double>(), 0);
}

TEST(HyenaConv, SixteenBitStreamsUnderAutocast) {
  Step step;
  step.draw(at::kFloat);
  const auto exact = step();
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const auto y = step();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative(y, exact), 2e-2);
}

TEST(HyenaConv, TheSameBitsOnTwoThreadsWithGradients) {
  const int before = at::get_num_threads();
  Step step{.channels = 40, .length = 300};
  step.draw(at::kFloat);
  for (at::Tensor* t : {&step.x, &step.weight, &step.h}) t->set_requires_grad(true);
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    const auto y = step();
    return torch::autograd::grad({y}, step.trained(), {at::ones_like(y)});
  };
  const auto one = run(1), two = run(2);
  at::set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], two[i])) << i;
}

TEST(HyenaConv, PreparedFiltersGiveTheSameAndKnowTheirSignals) {
  Step step;
  step.draw();
  const PreparedFilter ready(step.h, step.bias, Support::kCausal, step.x.slice(1, 0, 5));
  const auto convolve = [&](const at::Tensor& x) {
    return ready.convolve_streams(x, step.weight, step.short_bias, step.streams);
  };
  EXPECT_TRUE(at::equal(convolve(step.x), step()));
  EXPECT_THROW(convolve(step.x.slice(2, 0, 30)), c10::Error);
  EXPECT_THROW(ready.convolve({}, {}, step.x.slice(1, 0, 4)), c10::Error);
}

TEST(HyenaConv, RefusesWhatDoesNotFit) {
  Step lines, maps{.length = 7, .width = 9};
  lines.draw();
  maps.draw();
  const auto expect_refused = [](Step step, const char* word) {
    try {
      step();
      FAIL() << word;
    } catch (const c10::Error& error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  Step wrong = lines;
  wrong.short_bias = wrong.bias;
  expect_refused(wrong, "bias must be");
  wrong = lines;
  wrong.x = wrong.x.slice(1, 0, 14);
  expect_refused(wrong, "three streams");
  wrong = lines;
  wrong.x = maps.x;
  expect_refused(wrong, "(B, 3D, L)");
  wrong = maps;
  wrong.x = lines.x;
  expect_refused(wrong, "(B, 3D, H, W)");
  wrong = lines;
  wrong.streams.gate = 3;
  expect_refused(wrong, "gate");
}

}  // namespace
}  // namespace hyena::backbone
