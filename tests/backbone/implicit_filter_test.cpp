#include "backbone/ops/implicit_filter.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "backbone/hyena_filter.h"
#include "backbone/hyena_filter2d.h"
#include "backbone/ops/fftconv.h"
#include "tests/support/tensors.h"

/// Implicit filters on our kernels beside the composition of LibTorch's operations.
namespace hyena::backbone {
namespace {

using tests::close;

struct Result {
  at::Tensor h;
  std::map<std::string, at::Tensor> gradients;
};

Result evaluate(Module& filter, const std::function<at::Tensor()>& forward, const at::Tensor& dh) {
  for (const auto& p : filter.parameters()) p.tensor.mutable_grad() = at::Tensor();
  Result out{.h = forward(), .gradients = {}};
  (out.h * dh.to(out.h.scalar_type())).sum().backward();
  for (const auto& p : filter.parameters()) {
    if (p.tensor.grad().defined()) out.gradients[p.name] = p.tensor.grad().clone();
  }
  return out;
}

/// Values and gradients of both ways, in float32 and in float64.
void expect_same(Module& filter, const std::function<at::Tensor()>& forward,
                 const std::vector<std::string>& with_gradients) {
  const auto dh = at::randn_like(forward().detach());
  for (const auto type : {at::kFloat, at::kDouble}) {
    filter.to(type);
    const double tolerance = type == at::kFloat ? 1e-5 : 1e-10;
    const Result ours = evaluate(filter, forward, dh);
    const Composition composition;
    const Result composed = evaluate(filter, forward, dh);
    EXPECT_EQ(ours.h.scalar_type(), type);
    EXPECT_FALSE(at::equal(ours.h, composed.h)) << "the same way twice";
    EXPECT_TRUE(close(ours.h, composed.h, tolerance));
    for (const auto& name : with_gradients) EXPECT_TRUE(composed.gradients.contains(name)) << name;
    ASSERT_EQ(ours.gradients.size(), composed.gradients.size());
    for (const auto& [name, gradient] : composed.gradients) {
      EXPECT_TRUE(close(ours.gradients.at(name), gradient, tolerance)) << name;
    }
  }
}

TEST(ImplicitFilter, SequencesEqualTheComposition) {
  at::manual_seed(4);
  HyenaFilterOptions learned;
  learned.emb_dim = 9;
  learned.modulation_lr = 1e-3;
  learned.shift = 0.05;
  HyenaFilterOptions fast;
  fast.w = 10;
  fast.num_inner_mlps = 0;
  HyenaFilterOptions normalized;
  normalized.normalized = true;
  normalized.filter_order = 17;
  HyenaFilterOptions bare;
  bare.modulate = false;
  bare.lr_pos_emb = 0;
  bare.num_inner_mlps = 3;
  for (const auto& options : {HyenaFilterOptions(), learned, fast, normalized, bare}) {
    for (const bool centred : {false, true}) {
      HyenaFilter filter(21, 100, options, centred, /*shared_sine=*/!centred);
      std::vector<std::string> names = {"implicit_filter.0.weight", "implicit_filter.1.freq"};
      if (options.lr_pos_emb > 0) names.emplace_back("pos_emb.z");
      if (options.modulation_lr > 0) names.emplace_back("modulation.deltas");
      expect_same(
          filter, [&] { return filter.forward(100); }, names);
      filter.to(at::kFloat);
      expect_same(
          filter, [&] { return filter.forward(77); }, names);
    }
  }
}

TEST(ImplicitFilter, GridsEqualTheComposition) {
  at::manual_seed(5);
  HyenaFilter2dOptions coordinates;
  coordinates.features = "coordinates";
  coordinates.pe_type = "1d";
  coordinates.filter_order = 20;
  HyenaFilter2dOptions bare;
  bare.use_decay = false;
  for (const auto& options : {HyenaFilter2dOptions(), coordinates, bare}) {
    HyenaFilter2d filter(19, 13, options);
    std::vector<std::string> names = {"implicit_filter.0.weight", "implicit_filter.3.freq"};
    if (options.features == "table") names.emplace_back("z");
    if (options.use_decay) names.insert(names.end(), {"deltas", "shift"});
    expect_same(
        filter, [&] { return filter.forward(); }, names);
  }
}

/// A filter of random tensors that are slices and transposes of others.
ImplicitFilter scattered(at::ScalarType type, bool normalized) {
  const auto matrix = [&](std::int64_t rows, std::int64_t columns) {
    return (at::randn({columns, rows + 1}, type) * 0.4).slice(1, 0, rows).t();
  };
  const auto vector = [&](std::int64_t size) { return at::randn({size, 2}, type).select(1, 0); };
  ImplicitFilter out;
  out.z = matrix(11, 5);
  out.layers = {{matrix(6, 5), vector(6), vector(6)}, {matrix(6, 6), vector(6), vector(6)}};
  out.weight = matrix(4, 6);
  out.t = vector(11).abs();
  out.delta = vector(4);
  out.shift = vector(4);
  out.normalized = normalized;
  return out;
}

TEST(ImplicitFilter, GradientsEqualDifferences) {
  at::manual_seed(6);
  for (const bool normalized : {false, true}) {
    const ImplicitFilter filter = scattered(at::kDouble, normalized);
    const auto weights = at::randn({11, 4}, at::kDouble);
    const auto value = [&](const std::vector<at::Tensor>& x) {
      ImplicitFilter f{
          x[0], {{x[1], x[2], x[3]}, {x[4], x[5], x[6]}}, x[7], filter.t, x[8], x[9], normalized};
      return (implicit_filter(f) * weights).sum();
    };
    std::vector<at::Tensor> inputs = {filter.z};
    for (const auto& layer : filter.layers) {
      inputs.insert(inputs.end(), {layer.weight, layer.bias, layer.freq});
    }
    inputs.insert(inputs.end(), {filter.weight, filter.delta, filter.shift});
    for (auto& x : inputs) {
      x = x.detach().clone(at::MemoryFormat::Contiguous).set_requires_grad(true);
    }
    EXPECT_LT(tests::gradient_error(value, inputs), 1e-7);
  }
}

TEST(ImplicitFilter, TakesAnyLayoutAndOnlyTheGradientsAskedFor) {
  at::manual_seed(7);
  ImplicitFilter filter = scattered(at::kFloat, false);
  filter.layers[1].freq.set_requires_grad(true);
  filter.delta.set_requires_grad(true);
  const auto gradients = [&] {
    filter.layers[1].freq.mutable_grad() = at::Tensor();
    filter.delta.mutable_grad() = at::Tensor();
    implicit_filter(filter).sum().backward();  // its gradient is one number, expanded
    EXPECT_FALSE(filter.weight.grad().defined());
    return std::pair{filter.layers[1].freq.grad().clone(), filter.delta.grad().clone()};
  };
  const auto ours = gradients();
  const Composition composition;
  const auto composed = gradients();
  EXPECT_TRUE(close(ours.first, composed.first, 1e-5));
  EXPECT_TRUE(close(ours.second, composed.second, 1e-5));
}

TEST(ImplicitFilter, ComputesLowPrecisionInFloat32) {
  at::manual_seed(8);
  const auto filter = scattered(at::kBFloat16, false);
  const auto h = implicit_filter(filter);
  EXPECT_EQ(h.scalar_type(), at::kFloat);
  const Composition composition;
  EXPECT_TRUE(close(h, implicit_filter(filter), 1e-5));
}

}  // namespace
}  // namespace hyena::backbone
