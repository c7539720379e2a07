#include "kernels/cuda/filter.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/reference/filter.h"
#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/filter_case.h"

namespace hyena::kernels::cuda {
namespace {

using reference::ImplicitFilter;
using namespace filter_case;
using Floats = std::vector<float>;

/// A filter's parameters, or room for their gradients, in the device's memory.
struct OnDevice {
  OnDevice(const Memory<float>& m, bool empty) : empty_(empty) {
    z = add(m.z);
    weight = add(m.weight);
    t = add(m.t);
    delta = add(m.delta);
    shift = add(m.shift);
    for (const auto& layer : m.layers) {
      layers.push_back({add(layer.weight), add(layer.bias), add(layer.freq)});
    }
  }
  void* add(const Floats& values) {
    if (values.empty()) return nullptr;
    buffers.emplace_back(values.size() * sizeof(float));
    if (!empty_) buffers.back().copy_from(values.data());
    return buffers.back().data();
  }
  FilterParameters parameters(const FilterParameters& like) const {
    FilterParameters out = like;
    out.z.data = z;
    out.weight = weight;
    out.t = t;
    out.delta = delta;
    out.shift = shift;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      out.layers[i] = {layers[i].weight, layers[i].bias, layers[i].freq};
    }
    return out;
  }
  FilterGradients gradients(const FilterParameters& like) const {
    FilterGradients out;
    out.z = {z, like.z.position, like.z.feature};
    out.layers = layers;
    out.weight = weight;
    out.delta = delta;
    out.shift = shift;
    return out;
  }
  void* z;
  void* weight;
  void* t;
  void* delta;
  void* shift;
  std::vector<SineLayerOf<void*>> layers;
  std::vector<DeviceBuffer> buffers;

 private:
  bool empty_;
};

double error(const Floats& actual, const std::vector<double>& expected) {
  double wrong = 0, whole = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = static_cast<double>(actual[i]) - expected[i];
    wrong += difference * difference;
    whole += expected[i] * expected[i];
    if (!std::isfinite(actual[i])) return INFINITY;
  }
  return std::sqrt(wrong / whole);
}

struct Errors {
  double forward = 0, backward = 0;
};

Errors errors_of(const Case& c) {
  const ImplicitFilter f = make(c);
  const Memory<float> memory(f, c.transposed);
  const OnDevice device(memory, false), room(memory, true);
  const FilterShape shape = shape_of<float>(f);
  const FilterParameters parameters =
      device.parameters(parameters_of<float>(f, memory, c.transposed));
  // Rows of channels with a gap of two, or of positions.
  const std::int64_t tap = c.transposed ? 1 : c.channels + 2;
  const std::int64_t channel = c.transposed ? c.positions : 1;
  const auto count = static_cast<std::size_t>(c.positions * (c.channels + 2));
  const DeviceBuffer h(count * sizeof(float));
  {
    const DeviceBuffer workspace(filter_forward_workspace(shape, f.layers.size()));
    filter_forward(shape, parameters, {h.data(), c.channels, c.positions, 0, channel, tap},
                   workspace.data(), nullptr);
  }
  const auto dy = Random(8).uniform(c.positions * c.channels, -1, 1);
  Floats dh(count), taps;
  const Floats all = h.values<float>();
  for (std::int64_t p = 0; p < c.positions; ++p) {
    for (std::int64_t i = 0; i < c.channels; ++i) {
      const auto at = static_cast<std::size_t>(p * tap + i * channel);
      dh[at] = static_cast<float>(dy[static_cast<std::size_t>(p * c.channels + i)]);
      taps.push_back(all[at]);
    }
  }
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](float x) { return std::isnan(x); }),
            2 * c.positions)
      << "written between rows";
  const DeviceBuffer gradient = DeviceBuffer::of(dh);
  {
    const DeviceBuffer workspace(filter_backward_workspace(shape, f.layers.size()));
    filter_backward(shape, parameters, {gradient.data(), c.channels, c.positions, 0, channel, tap},
                    room.gradients(parameters), workspace.data(), nullptr);
  }
  const ImplicitFilter exact = reference::gradients(f, dy);
  const Memory<double> wanted(exact, c.transposed);
  Errors out;
  out.forward = error(taps, reference::evaluate(f));
  auto buffer = room.buffers.begin();
  const auto next = [&](const std::vector<double>& expected, bool compare) {
    if (expected.empty()) return;
    const Floats values = (buffer++)->values<float>();
    if (compare) out.backward = std::max(out.backward, error(values, expected));
  };
  next(wanted.z, true);
  next(wanted.weight, true);
  next(wanted.t, false);
  next(wanted.delta, true);
  next(wanted.shift, true);
  for (const auto& layer : wanted.layers) {
    next(layer.weight, true);
    next(layer.bias, true);
    next(layer.freq, true);
  }
  return out;
}

void expect_exact(const Case& c) {
  const Errors e = errors_of(c);
  EXPECT_LT(e.forward, 2e-6) << c.name();
  // A gradient that is a single number may be a small difference of large terms.
  EXPECT_LT(e.backward, c.channels == 1 ? 1e-4 : 1e-5) << c.name();
}

Case of(std::int64_t positions, std::int64_t features, std::int64_t width, std::int64_t channels) {
  Case c;
  c.positions = positions;
  c.features = features;
  c.width = width;
  c.channels = channels;
  return c;
}

TEST(FilterOnGpu, EveryNumberOfPositions) {
  for (const std::int64_t positions : {1, 3, 63, 64, 65, 196, 1000, 2500}) {
    Case c = of(positions, 5, 32, 24);
    c.inner = 2;
    expect_exact(c);
  }
}

TEST(FilterOnGpu, SeveralBlocksOfPositions) {
  Case c = of(20000, 3, 8, 5);
  expect_exact(c);
}

TEST(FilterOnGpu, EveryWidth) {
  for (const std::int64_t width : {1, 7, 64, 70}) {
    for (const std::int64_t channels : {1, 19, 111}) expect_exact(of(70, 33, width, channels));
  }
}

TEST(FilterOnGpu, EveryDepthAndForm) {
  for (int inner = 0; inner <= 3; ++inner) {
    for (int form = 0; form < 8; ++form) {
      Case c = of(131, 9, 20, 37);
      c.inner = inner;
      c.window = (form & 1) != 0;
      c.normalized = (form & 2) != 0;
      c.transposed = (form & 4) != 0;
      c.shift = inner % 2 == 0;
      expect_exact(c);
    }
  }
}

TEST(FilterOnGpu, RefusesWhatItCannotTake) {
  const float one = 1;
  FilterParameters p;
  p.z = {&one, 1, 1};
  p.weight = &one;
  FilterShape s;
  s.positions = s.features = s.width = s.channels = 1;
  const auto refusal = [&]() -> std::string {
    try {
      filter_forward(s, p, {}, nullptr, nullptr);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(), "filter_forward: there must be at least one sine layer");
  p.layers = {{&one, nullptr, &one}};
  EXPECT_EQ(refusal(), "filter_forward: layer 0: bias is absent");
  p.layers[0].bias = &one;
  EXPECT_EQ(refusal(), "filter_forward: h must be 1 rows of 1 taps");
  p.t = &one;
  EXPECT_EQ(refusal(), "filter_forward: a window needs t and delta");
  s.type = Type::kFloat64;
  EXPECT_EQ(refusal(), "filter_forward: filters on the GPU are float32");
}

}  // namespace
}  // namespace hyena::kernels::cuda
