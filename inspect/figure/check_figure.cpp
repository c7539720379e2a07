#include <cmath>
#include <stdexcept>
#include <string>

#include "inspect/figure/color_maps.h"
#include "inspect/figure/figure_json.h"
#include "inspect/figure/limits.h"

namespace hyena::inspect {
namespace {

void need(bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument(what);
}

std::string shape_text(const Array& array) {
  std::string text;
  for (const auto size : array.shape()) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text.empty() ? "none" : text;
}

void check(const Curve& curve) {
  need(curve.x.size() == curve.y.size(),
       "curve \"" + curve.name + "\": " + std::to_string(curve.x.size()) + " numbers along x, " +
           std::to_string(curve.y.size()) + " along y");
  need(std::isfinite(curve.shade), "curve \"" + curve.name + "\": its shade is no number");
}

void check(const Axis& axis, const char* name) {
  if (!axis.range) return;
  need(std::isfinite(axis.range->low) && std::isfinite(axis.range->high) &&
           axis.range->low < axis.range->high,
       std::string(name) + " axis: its range is not in order");
  need(axis.scale == Scale::linear || axis.range->low > 0,
       std::string(name) + " axis: a logarithmic range starts above 0");
}

void check(const ColorRule& rule, const Array& values, const Array& mask) {
  if (!rule.map.empty()) find_color_map(rule.map);
  resolve(rule.limits, values, mask);
}

void check(const HeatMap& map) {
  need(map.cells.shape().size() == 2 && !map.cells.empty(),
       "the cells of a heat map are a matrix, not of shape " + shape_text(map.cells));
  need(map.mask.empty() || map.mask.shape() == map.cells.shape(),
       "a mask of shape " + shape_text(map.mask) + " over cells of shape " + shape_text(map.cells));
  need(map.texts.empty() || std::ssize(map.texts) == map.cells.size(),
       std::to_string(map.texts.size()) + " texts in " + std::to_string(map.cells.size()) +
           " cells");
  for (const double step : {map.x_step, map.y_step}) {
    need(std::isfinite(step) && step != 0, "the cells of a heat map have steps that are not 0");
  }
  need(std::isfinite(map.x_first) && std::isfinite(map.y_first),
       "the first cell of a heat map lies nowhere");
  check(map.color, map.cells, map.mask);
  for (const auto& curve : map.overlays) check(curve);
}

void check(const Lines& lines) {
  for (const auto& curve : lines.curves) check(curve);
}

void check(const Picture& picture) {
  const auto& shape = picture.pixels.shape();
  need(shape.size() == 3 && shape[2] == 3 && !picture.pixels.empty(),
       "the pixels of a picture have the shape height x width x 3, not " +
           shape_text(picture.pixels));
  need(picture.alpha >= 0 && picture.alpha <= 1, "the opacity of an overlay lies in 0 … 1");
  if (picture.overlaid) check(picture.overlay);
}

void check(const Bars& bars) {
  for (const auto& bar : bars.bars) {
    need(std::isfinite(bar.value) && std::isfinite(bar.second),
         "bar \"" + bar.name + "\": its value is no number");
  }
}

void check(const TokenStrip& strip) {
  need(
      strip.values.empty() || strip.values.size() == static_cast<std::int64_t>(strip.pieces.size()),
      std::to_string(strip.pieces.size()) + " pieces of text with " +
          std::to_string(strip.values.size()) + " values");
  check(strip.color, strip.values, {});
}

void check(const Table& table) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    need(table.rows[i].size() == table.columns.size(),
         "row " + std::to_string(i) + " has " + std::to_string(table.rows[i].size()) +
             " cells in a table of " + std::to_string(table.columns.size()) + " columns");
  }
}

void check(const Boxes& boxes) {
  for (const auto& box : boxes.boxes) {
    need(std::isfinite(box.low) && box.low <= box.quarter && box.quarter <= box.median &&
             box.median <= box.three_quarters && box.three_quarters <= box.high &&
             std::isfinite(box.high),
         "the five numbers of a box are not in order");
  }
}

}  // namespace

void check_figure(const Figure& figure) {
  need(figure.columns >= 1, "figure.columns: at least 1, not " + std::to_string(figure.columns));
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& panel = figure.panels[i];
    try {
      check(panel.x, "x");
      check(panel.y, "y");
      if (panel.top) check(*panel.top, "top");
      need(panel.weight > 0 && std::isfinite(panel.weight), "its weight is not above 0");
      std::visit([](const auto& content) { check(content); }, panel.content);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("figure.panels[" + std::to_string(i) + "]: " + error.what());
    }
  }
}

}  // namespace hyena::inspect
