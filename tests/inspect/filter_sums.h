#pragma once

#include <cmath>
#include <complex>
#include <cstdint>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "inspect/probe/filters.h"
#include "inspect/views/view.h"
#include "tests/inspect/small_models.h"

/// Long filters of small models as plain numbers, direct sums over them, and where to find numbers
/// in figures.
namespace hyena::tests {

using inspect::Array;
using inspect::Curve;
using inspect::Figure;
using inspect::HeatMap;
using inspect::Lines;
using inspect::Panel;
using nlohmann::json;
using Row = std::vector<double>;
constexpr double kNear = 2e-6;  // figures are float32

struct Model {
  std::shared_ptr<inspect::OpenedSubject> subject;
  Figure draw(const char* view, const json& parameters = json::object()) const {
    return inspect::draw(inspect::find_view(view), {.model = subject.get()}, parameters);
  }
  /// A layer's taps, a row a channel.
  std::vector<Row> taps(std::int64_t layer, std::int64_t filter = 0) const {
    const auto all = inspect::layer_filters(*subject, layer);
    const auto h = (all.over_map ? all.taps.flatten(1) : all.taps[filter]).cpu().contiguous();
    std::vector<Row> out;
    for (std::int64_t c = 0; c < h.size(0); ++c) {
      const auto* first = h.const_data_ptr<double>() + c * h.size(1);
      out.emplace_back(first, first + h.size(1));
    }
    return out;
  }
  std::int64_t first_lag() const { return inspect::layer_filters(*subject, 0).first_lag; }
};

inline Model causal() {
  return {small_model(small_lm("hyena", {{"order", 3}}))};
}
inline Model two_sided() {
  return {small_model(small_vit("hyena_bidirectional"))};
}
inline Model over_map() {
  return {small_model(small_vit("hyena2d"))};
}

inline double length(const Row& h, std::int64_t first_lag, double share) {
  double all = 0;
  for (const double v : h) all += v * v;
  for (std::int64_t lag = 0;; ++lag) {
    double inside = 0;
    for (std::size_t i = 0; i < h.size(); ++i) {
      if (std::abs(static_cast<std::int64_t>(i) + first_lag) <= lag) inside += h[i] * h[i];
    }
    if (inside >= share * all * (1 - 1e-12)) return static_cast<double>(lag);
  }
}

inline std::complex<double> fourier(const Row& h, std::int64_t first_lag, double f) {
  std::complex<double> sum = 0;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const double lag = static_cast<double>(static_cast<std::int64_t>(i) + first_lag);
    sum += h[i] * std::polar(1.0, -2 * std::numbers::pi * f * lag);
  }
  return sum;
}

inline const HeatMap& map_of(const Panel& panel) {
  return std::get<HeatMap>(panel.content);
}
inline const std::vector<Curve>& curves_of(const Panel& panel) {
  return std::get<Lines>(panel.content).curves;
}
inline double cell(const HeatMap& map, std::int64_t row, std::int64_t column) {
  return map.cells[row * map.cells.shape()[1] + column];
}
inline const Curve& curve(const Panel& panel, const std::string& name) {
  for (const auto& one : curves_of(panel)) {
    if (one.name == name || one.y.name() == name) return one;
  }
  throw std::runtime_error("no curve " + name);
}
inline const Array& array(const Figure& figure, const std::string& name) {
  for (const auto& one : figure.arrays) {
    if (one.name() == name) return one;
  }
  throw std::runtime_error("no array " + name);
}

}  // namespace hyena::tests
