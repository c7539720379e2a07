#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/filter.h"
#include "kernels/reference/filter.h"

/// Random implicit filters, for the reference and in the memory that the kernels read.
namespace hyena::kernels::filter_case {

using reference::ImplicitFilter;

struct Case {
  std::int64_t positions = 17, features = 3, width = 16, channels = 8;
  int inner = 1;
  double w = 1;
  bool window = true, shift = true, normalized = false;
  bool transposed = false;  ///< taps of a channel are neighbours, and so are those of a feature
  std::string name() const {
    return "K " + std::to_string(positions) + " E " + std::to_string(features) + " F " +
           std::to_string(width) + " C " + std::to_string(channels) + " inner " +
           std::to_string(inner) + " w " + std::to_string(w) + (window ? " window" : "") +
           (shift ? " shift" : "") + (normalized ? " normalized" : "") +
           (transposed ? " transposed" : "");
  }
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : draw_(seed) {}
  /// Values that float32 holds.
  std::vector<double> uniform(std::int64_t count, double low, double high) {
    std::uniform_real_distribution<double> values(low, high);
    std::vector<double> out(static_cast<std::size_t>(count));
    for (double& x : out) x = static_cast<double>(static_cast<float>(values(draw_)));
    return out;
  }

 private:
  std::mt19937_64 draw_;
};

inline ImplicitFilter make(const Case& c, std::uint64_t seed = 5) {
  Random random(seed);
  const auto linear = [&](std::int64_t out, std::int64_t in) {
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    return random.uniform(out * in, -bound, bound);
  };
  ImplicitFilter f{.positions = c.positions,
                   .features = c.features,
                   .width = c.width,
                   .channels = c.channels,
                   .normalized = c.normalized};
  f.z = random.uniform(c.positions * c.features, -1, 1);
  std::int64_t in = c.features;
  for (int i = 0; i <= c.inner; ++i) {
    f.layers.push_back({.weight = linear(c.width, in),
                        .bias = random.uniform(c.width, -0.5, 0.5),
                        .freq = random.uniform(c.width, 0.7 * c.w, 1.3 * c.w)});
    in = c.width;
  }
  f.weight = linear(c.channels, in);
  if (!c.window) return f;
  f.t = random.uniform(c.positions, 0, 1);
  f.delta = random.uniform(c.channels, -15, 15);
  if (c.shift) f.shift = random.uniform(c.channels, -0.2, 0.2);
  return f;
}

/// The parameters of a filter in memory of the type, or room for their gradients.
template <class T>
struct Memory {
  std::vector<T> z, weight, t, delta, shift;
  struct Layer {
    std::vector<T> weight, bias, freq;
  };
  std::vector<Layer> layers;

  Memory(const ImplicitFilter& f, bool transposed)
      : z(as(f.z)), weight(as(f.weight)), t(as(f.t)), delta(as(f.delta)), shift(as(f.shift)) {
    for (const auto& layer : f.layers) {
      layers.push_back({as(layer.weight), as(layer.bias), as(layer.freq)});
    }
    for (std::int64_t p = 0; transposed && p < f.positions; ++p) {
      for (std::int64_t e = 0; e < f.features; ++e) {
        z[static_cast<std::size_t>(e * f.positions + p)] =
            static_cast<T>(f.z[static_cast<std::size_t>(p * f.features + e)]);
      }
    }
  }
  static std::vector<T> as(const std::vector<double>& x) { return {x.begin(), x.end()}; }
};

template <class T>
Type type_of() {
  return sizeof(T) == 8 ? Type::kFloat64 : Type::kFloat32;
}
template <class T>
FilterShape shape_of(const ImplicitFilter& f) {
  return {.positions = f.positions,
          .features = f.features,
          .width = f.width,
          .channels = f.channels,
          .normalized = f.normalized,
          .type = type_of<T>()};
}
template <class T>
FilterParameters parameters_of(const ImplicitFilter& f, const Memory<T>& m, bool transposed) {
  const auto data = [](const std::vector<T>& x) { return x.empty() ? nullptr : x.data(); };
  FilterParameters out{.z = {m.z.data(), transposed ? 1 : f.features, transposed ? f.positions : 1},
                       .layers = {},
                       .weight = m.weight.data(),
                       .t = data(m.t),
                       .delta = data(m.delta),
                       .shift = data(m.shift)};
  for (const auto& layer : m.layers) {
    out.layers.push_back({layer.weight.data(), layer.bias.data(), layer.freq.data()});
  }
  return out;
}
template <class T>
FilterGradients gradients_of(const ImplicitFilter& f, Memory<T>& m, bool transposed) {
  const auto data = [](std::vector<T>& x) { return x.empty() ? nullptr : x.data(); };
  FilterGradients out{.z = {m.z.data(), transposed ? 1 : f.features, transposed ? f.positions : 1},
                      .layers = {},
                      .weight = m.weight.data(),
                      .delta = data(m.delta),
                      .shift = data(m.shift)};
  for (auto& layer : m.layers) {
    out.layers.push_back({layer.weight.data(), layer.bias.data(), layer.freq.data()});
  }
  return out;
}

}  // namespace hyena::kernels::filter_case
