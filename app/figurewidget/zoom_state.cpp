#include "app/figurewidget/zoom_state.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

namespace hyena::app {

using inspect::Range;
using inspect::Scale;

namespace {

double forward(double value, Scale scale) {
  return scale == Scale::log ? std::log(std::max(value, 1e-300)) : value;
}
double back(double value, Scale scale) {
  return scale == Scale::log ? std::exp(value) : value;
}

/// Kept inside the whole; as wide as asked where that fits.
Range inside(Range asked, Range whole, Scale scale) {
  const bool flipped = whole.low > whole.high;
  if (flipped) {
    std::swap(asked.low, asked.high);
    std::swap(whole.low, whole.high);
  }
  const double low = forward(whole.low, scale), high = forward(whole.high, scale);
  double a = forward(asked.low, scale), b = forward(asked.high, scale);
  const double width = std::clamp(b - a, (high - low) * 1e-4, high - low);
  a = std::clamp((a + b - width) / 2, low, high - width);
  b = a + width;
  Range out{back(a, scale), back(b, scale)};
  if (flipped) std::swap(out.low, out.high);
  return out;
}

bool is_whole(Range a, Range whole) {
  const double width = std::abs(whole.high - whole.low);
  return std::abs(a.low - whole.low) < 1e-9 * width && std::abs(a.high - whole.high) < 1e-9 * width;
}

}  // namespace

void ZoomState::set_figure(const inspect::Figure& figure, bool keep) {
  if (!keep || figure.panels.size() != panels_) reset();
  panels_ = figure.panels.size();
  columns_ = static_cast<std::size_t>(std::max<std::int64_t>(1, figure.columns));
  can_.clear();
  for (const auto& panel : figure.panels) {
    can_.push_back(!panel.thumbnail && (std::holds_alternative<inspect::Lines>(panel.content) ||
                                        std::holds_alternative<inspect::HeatMap>(panel.content)));
  }
  whole_.clear();
}

void ZoomState::learn(const inspect::FigureLayout& layout) {
  for (const auto& panel : layout.panels) {
    whole_[panel.panel] = {.x = {panel.left, panel.right}, .y = {panel.bottom, panel.top}};
  }
}

bool ZoomState::can_zoom(std::size_t panel) const {
  return panel < can_.size() && can_[panel] && whole_.contains(panel);
}

bool ZoomState::linked(std::size_t panel, std::size_t other) const {
  if (panel == other) return true;
  if (panel % columns_ != other % columns_ || !can_zoom(panel) || !can_zoom(other)) return false;
  const auto a = whole_.at(panel).x, b = whole_.at(other).x;
  // Cells reach half a step beyond the points of a curve over the same axis.
  const double width = std::abs(a.high - a.low);
  return std::abs(a.low - b.low) <= 0.02 * width && std::abs(a.high - b.high) <= 0.02 * width;
}

void ZoomState::set_x(std::size_t panel, Range range) {
  for (std::size_t other = 0; other < panels_; ++other) {
    if (!linked(panel, other)) continue;
    if (is_whole(range, whole_.at(panel).x)) {
      x_.erase(other);
    } else {
      x_[other] = range;
    }
  }
}

void ZoomState::zoom(const inspect::PanelLayout& panel, QPointF at, double factor, bool along_y) {
  if (!can_zoom(panel.panel)) return;
  const auto units = panel.to_units(at);
  const auto about = [factor](Range range, double fixed, Scale scale) {
    const double f = forward(fixed, scale);
    return Range{back(f + (forward(range.low, scale) - f) * factor, scale),
                 back(f + (forward(range.high, scale) - f) * factor, scale)};
  };
  const auto& whole = whole_.at(panel.panel);
  if (along_y) {
    const auto range =
        inside(about({panel.bottom, panel.top}, units.y(), panel.y_scale), whole.y, panel.y_scale);
    if (is_whole(range, whole.y)) {
      y_.erase(panel.panel);
    } else {
      y_[panel.panel] = range;
    }
  } else {
    set_x(panel.panel, inside(about({panel.left, panel.right}, units.x(), panel.x_scale), whole.x,
                              panel.x_scale));
  }
}

void ZoomState::pan(const inspect::PanelLayout& panel, QPointF from, QPointF to) {
  if (!can_zoom(panel.panel)) return;
  const auto a = panel.to_units(from), b = panel.to_units(to);
  const auto moved = [](Range range, double was, double is, Scale scale) {
    const double by = forward(was, scale) - forward(is, scale);
    return Range{back(forward(range.low, scale) + by, scale),
                 back(forward(range.high, scale) + by, scale)};
  };
  const auto& whole = whole_.at(panel.panel);
  if (x_.contains(panel.panel)) {
    set_x(panel.panel, inside(moved({panel.left, panel.right}, a.x(), b.x(), panel.x_scale),
                              whole.x, panel.x_scale));
  }
  if (y_.contains(panel.panel)) {
    y_[panel.panel] = inside(moved({panel.bottom, panel.top}, a.y(), b.y(), panel.y_scale), whole.y,
                             panel.y_scale);
  }
}

void ZoomState::reset() {
  x_.clear();
  y_.clear();
}

inspect::Figure ZoomState::applied(inspect::Figure figure) const {
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const auto put = [](inspect::Axis& axis, Range range) {
      if (range.low > range.high) std::swap(range.low, range.high);
      axis.range = range;
    };
    if (const auto found = x_.find(i); found != x_.end()) put(figure.panels[i].x, found->second);
    if (const auto found = y_.find(i); found != y_.end()) put(figure.panels[i].y, found->second);
  }
  return figure;
}

}  // namespace hyena::app
