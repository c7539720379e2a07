#include "app/figurewidget/cursor_text.h"

#include <cmath>
#include <limits>
#include <variant>

#include "inspect/figure/figure_text.h"
#include "inspect/paint/fonts.h"

namespace hyena::app {

using namespace Qt::StringLiterals;
using inspect::Axis;

namespace {

QString of_axis(const Axis& axis, double value) {
  const auto name = QString::fromStdString(axis.title);
  const auto index = static_cast<std::size_t>(std::max(0.0, std::round(value)));
  if (!axis.labels.empty()) {
    return index < axis.labels.size()
               ? name + u' ' + inspect::drawable(inspect::visible_piece(axis.labels[index]))
               : name;
  }
  auto text = (name.isEmpty() ? QString() : name + " = "_L1) + shown_number(value);
  if (!axis.unit.empty()) text += u' ' + QString::fromStdString(axis.unit);
  return text;
}

CursorFacts of_lines(const inspect::Panel& panel, const inspect::Lines& lines,
                     const inspect::PanelLayout& layout, QPointF pixel) {
  CursorFacts out;
  const auto units = layout.to_units(pixel);
  double best = 24;  // pixels: farther is nothing
  for (const auto& curve : lines.curves) {
    if (curve.stroke == inspect::Stroke::guide || curve.x.size() != curve.y.size()) continue;
    // The sample nearest in x; curves may have any spacing.
    std::int64_t at = -1;
    double nearest = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < curve.x.size(); ++i) {
      const double gap = std::abs(static_cast<double>(curve.x[i]) - units.x());
      if (gap < nearest) nearest = gap, at = i;
    }
    if (at < 0 || std::isnan(curve.y[at])) continue;
    const auto point = layout.to_pixel(curve.x[at], curve.y[at]);
    const double gap = std::abs(point.y() - pixel.y());
    if (gap >= best && !(curve.stroke == inspect::Stroke::focus && !out.has_point)) continue;
    if (gap < best) best = gap;
    out.place = of_axis(panel.x, curve.x[at]);
    out.value = (curve.name.empty() ? u"y"_s : QString::fromStdString(curve.name)) + u' ' +
                shown_number(curve.y[at]);
    out.has_point = true;
    out.point = point;
  }
  if (out.place.isEmpty()) out.place = of_axis(panel.x, units.x());
  return out;
}

CursorFacts of_map(const inspect::Panel& panel, const inspect::HeatMap& map,
                   const inspect::PanelLayout& layout, QPointF pixel) {
  CursorFacts out;
  if (map.cells.shape().size() != 2) return out;
  const auto units = layout.to_units(pixel);
  const auto column = std::llround((units.x() - map.x_first) / map.x_step);
  const auto row = std::llround((units.y() - map.y_first) / map.y_step);
  const auto rows = map.cells.shape()[0], columns = map.cells.shape()[1];
  if (row < 0 || row >= rows || column < 0 || column >= columns) return out;
  out.place = of_axis(panel.x, map.x_first + static_cast<double>(column) * map.x_step) + u"   "_s +
              of_axis(panel.y, map.y_first + static_cast<double>(row) * map.y_step);
  const auto cell = row * columns + column;
  const auto title = QString::fromStdString(map.color.title);
  if (!map.mask.empty() && map.mask[cell] != 0) {
    out.value = u"masked"_s;
  } else {
    out.value = (title.isEmpty() ? u"value"_s : title) + " = "_L1 + shown_number(map.cells[cell]);
  }
  return out;
}

}  // namespace

QString shown_number(double value) {
  if (std::isnan(value)) return u"not a number"_s;
  auto text = QString::number(value, 'g', 4);
  text.replace(u'-', QChar(0x2212));
  return text;
}

CursorFacts cursor_facts(const inspect::Panel& panel, const inspect::PanelLayout& layout,
                         QPointF pixel) {
  if (const auto* lines = std::get_if<inspect::Lines>(&panel.content)) {
    return layout.plot.contains(pixel) ? of_lines(panel, *lines, layout, pixel) : CursorFacts{};
  }
  if (const auto* map = std::get_if<inspect::HeatMap>(&panel.content)) {
    return layout.plot.contains(pixel) ? of_map(panel, *map, layout, pixel) : CursorFacts{};
  }
  CursorFacts out;
  const auto item = layout.item_at(pixel);
  if (const auto* bars = std::get_if<inspect::Bars>(&panel.content)) {
    if (item >= 0 && item < static_cast<std::ptrdiff_t>(bars->bars.size())) {
      const auto& bar = bars->bars[static_cast<std::size_t>(item)];
      out.place = inspect::drawable(inspect::visible_piece(bar.name));
      out.value = shown_number(bar.value);
    }
  } else if (const auto* strip = std::get_if<inspect::TokenStrip>(&panel.content)) {
    if (item >= 0 && item < static_cast<std::ptrdiff_t>(strip->pieces.size())) {
      out.place = u"token %1 %2"_s.arg(item).arg(
          inspect::drawable(inspect::visible_piece(strip->pieces[static_cast<std::size_t>(item)])));
      if (item < strip->values.size()) {
        out.value = std::isnan(strip->values[item]) ? QString(QChar(0x2013))
                                                    : shown_number(strip->values[item]);
      }
    }
  } else if (const auto* picture = std::get_if<inspect::Picture>(&panel.content)) {
    if (picture->overlaid && layout.plot.contains(pixel)) {
      const auto& map = picture->overlay;
      const auto& shape = map.cells.shape();
      if (shape.size() == 2) {
        const auto x = (pixel.x() - layout.plot.left()) / layout.plot.width();
        const auto y = (pixel.y() - layout.plot.top()) / layout.plot.height();
        const auto column = std::min<std::int64_t>(
            shape[1] - 1, static_cast<std::int64_t>(x * static_cast<double>(shape[1])));
        const auto row = std::min<std::int64_t>(
            shape[0] - 1, static_cast<std::int64_t>(y * static_cast<double>(shape[0])));
        out.place = u"patch (%1, %2)"_s.arg(row).arg(column);
        out.value = shown_number(map.cells[row * shape[1] + column]);
      }
    }
  }
  return out;
}

}  // namespace hyena::app
