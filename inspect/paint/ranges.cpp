#include <algorithm>
#include <cmath>
#include <limits>

#include "inspect/paint/axes.h"

namespace hyena::inspect {
namespace {

/// Grows over finite numbers; on a logarithmic axis over those above 0.
struct Extent {
  Scale scale = Scale::linear;
  double low = std::numeric_limits<double>::infinity(), high = -low;

  void add(double value) {
    if (!std::isfinite(value) || (scale == Scale::log && !(value > 0))) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void add(const Array& values) {
    for (std::int64_t i = 0; i < values.size(); ++i) add(values[i]);
  }
  /// `pad`: share of the range to leave free at both ends.
  Range range(double pad) const {
    if (!(low <= high)) return scale == Scale::log ? Range{1, 10} : Range{0, 1};
    if (scale == Scale::log) {
      const double factor = low < high ? std::pow(high / low, pad) : 2;
      return {low / factor, high * factor};
    }
    if (low == high) {
      const double apart = low == 0 ? 1 : std::abs(low) * 0.5;
      return {low - apart, high + apart};
    }
    const double free = pad * (high - low);
    return {low - free, high + free};
  }
};

void set_x(PanelLayout& layout, Range range) {
  layout.left = range.low;
  layout.right = range.high;
}

void set_y(PanelLayout& layout, Range range) {
  layout.bottom = range.low;
  layout.top = range.high;
}

/// Cells first … of this step: from edge to edge, cut to whole cells by the range.
void cells_range(double first, double step, std::int64_t count, const std::optional<Range>& range,
                 double& begin, double& end) {
  std::int64_t from = 0, to = count;
  if (range) {
    const double a = (range->low - first) / step + 0.5, b = (range->high - first) / step + 0.5;
    const auto limit = static_cast<double>(count);
    from = static_cast<std::int64_t>(std::clamp(std::floor(std::min(a, b) + 1e-6), 0.0, limit - 1));
    to = static_cast<std::int64_t>(std::clamp(std::ceil(std::max(a, b) - 1e-6), 1.0, limit));
    to = std::max(to, from + 1);
  }
  begin = first + (static_cast<double>(from) - 0.5) * step;
  end = first + (static_cast<double>(to) - 0.5) * step;
}

struct Finder {
  const Panel& panel;
  PanelLayout& layout;

  void operator()(const Lines& lines) const {
    Extent x{panel.x.scale}, y{panel.y.scale};
    bool steps = false;
    for (const auto& curve : lines.curves) {
      steps = steps || curve.stroke == Stroke::steps;
      x.add(curve.x);
      y.add(curve.y);
    }
    if (steps && panel.y.scale == Scale::linear) y.add(0);
    Range found = y.range(0.05);
    if (steps && found.low < 0 && y.low >= 0) found.low = 0;
    layout.x_scale = panel.x.scale;
    layout.y_scale = panel.y.scale;
    set_x(layout, panel.x.range.value_or(x.range(0)));
    set_y(layout, panel.y.range.value_or(found));
  }
  void operator()(const HeatMap& map) const {
    cells_range(map.x_first, map.x_step, map.cells.shape()[1], panel.x.range, layout.left,
                layout.right);
    cells_range(map.y_first, map.y_step, map.cells.shape()[0], panel.y.range, layout.top,
                layout.bottom);
  }
  void operator()(const Picture& picture) const {
    const auto& shape = picture.overlaid ? picture.overlay.cells.shape() : picture.pixels.shape();
    cells_range(0, 1, shape[1], {}, layout.left, layout.right);
    cells_range(0, 1, shape[0], {}, layout.top, layout.bottom);
  }
  void operator()(const Bars& bars) const {
    Extent x;
    x.add(0);
    for (const auto& bar : bars.bars) {
      x.add(bar.value);
      if (!bars.second_name.empty()) x.add(bar.second);
    }
    set_x(layout, panel.x.range.value_or(x.low < x.high ? Range{x.low, x.high} : Range{0, 1}));
    layout.top = 0;
    layout.bottom = static_cast<double>(std::max<std::size_t>(bars.bars.size(), 1));
  }
  void operator()(const Boxes& boxes) const {
    Extent y{panel.y.scale};
    for (const auto& box : boxes.boxes) {
      y.add(box.low);
      y.add(box.high);
    }
    layout.y_scale = panel.y.scale;
    set_x(layout,
          panel.x.range.value_or(Range{
              -0.5, static_cast<double>(std::max<std::size_t>(boxes.boxes.size(), 1)) - 0.5}));
    set_y(layout, panel.y.range.value_or(y.range(0.05)));
  }
  void operator()(const TokenStrip&) const {}
  void operator()(const Table&) const {}
};

}  // namespace

void find_ranges(const Panel& panel, PanelLayout& layout) {
  std::visit(Finder{panel, layout}, panel.content);
}

bool has_axes(const Panel& panel) {
  return !panel.thumbnail && (std::holds_alternative<Lines>(panel.content) ||
                              std::holds_alternative<HeatMap>(panel.content) ||
                              std::holds_alternative<Boxes>(panel.content));
}

const ColorRule* color_bar_rule(const Panel& panel) {
  if (panel.thumbnail) return nullptr;
  if (const auto* map = std::get_if<HeatMap>(&panel.content)) return &map->color;
  const auto* picture = std::get_if<Picture>(&panel.content);
  return picture && picture->overlaid ? &picture->overlay.color : nullptr;
}

}  // namespace hyena::inspect
