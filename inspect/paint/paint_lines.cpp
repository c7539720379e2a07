#include <algorithm>
#include <cmath>
#include <limits>

#include "inspect/paint/dense_curves.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

/// At most two points a column of the plot, those that reach furthest, in their order: what is
/// left out would fall on the same pixels. The curve's own ends stay.
std::vector<QPointF> decimated(const Curve& curve, const PanelLayout& layout, double column) {
  std::vector<QPointF> kept;
  const std::int64_t n = curve.y.size();
  kept.reserve(static_cast<std::size_t>(std::min<std::int64_t>(n, 8192)));
  const bool dense = static_cast<double>(n) * column > 3 * layout.plot.width();
  const auto point = [&](std::int64_t i) { return layout.to_pixel(curve.x[i], curve.y[i]); };
  std::int64_t at = 0;
  while (at < n) {
    const QPointF first = point(at);
    if (!dense || at == 0 || at + 1 == n || std::isnan(first.y()) || std::isnan(first.x())) {
      kept.push_back(first);
      ++at;
      continue;
    }
    const double cell = std::floor(first.x() / column);
    std::int64_t end = at + 1, low = at, high = at;
    QPointF lowest = first, highest = first;
    for (; end + 1 < n; ++end) {
      const QPointF next = point(end);
      if (std::isnan(next.y()) || std::floor(next.x() / column) != cell) break;
      if (next.y() < lowest.y()) {
        lowest = next;
        low = end;
      }
      if (next.y() > highest.y()) {
        highest = next;
        high = end;
      }
    }
    kept.push_back(low < high ? lowest : highest);
    if (low != high) kept.push_back(low < high ? highest : lowest);
    at = end;
  }
  return kept;
}

void paint_points(Canvas& canvas, const Curve& curve, const PanelLayout& layout, QColor color) {
  const double radius = 2.2 * canvas.u;
  canvas.painter.setPen(Qt::NoPen);
  canvas.painter.setBrush(color);
  for (std::int64_t i = 0; i < curve.x.size(); ++i) {
    const QPointF at = layout.to_pixel(curve.x[i], curve.y[i]);
    if (layout.plot.contains(at)) canvas.painter.drawEllipse(at, radius, radius);
  }
  canvas.painter.setBrush(Qt::NoBrush);
}

/// Value i reaches half way to its neighbours.
void paint_steps(Canvas& canvas, const Curve& curve, const PanelLayout& layout, QColor color) {
  const QRectF& plot = layout.plot;
  const double zero =
      std::clamp(layout.to_pixel(layout.left, layout.y_scale == Scale::log ? layout.bottom : 0).y(),
                 plot.top(), plot.bottom());
  const std::int64_t n = curve.x.size();
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = layout.to_pixel(curve.x[i], 0).x();
    const double before = i > 0 ? layout.to_pixel(curve.x[i - 1], 0).x() : x;
    const double after = i + 1 < n ? layout.to_pixel(curve.x[i + 1], 0).x() : 2 * x - before;
    const double from = i > 0 ? (before + x) / 2 : x - (after - x) / 2;
    const double y = layout.to_pixel(layout.left, curve.y[i]).y();
    if (std::isnan(y)) continue;
    const QRectF bar =
        QRectF(QPointF(from, std::min(y, zero)), QPointF((x + after) / 2, std::max(y, zero)))
            .intersected(plot);
    if (!bar.isEmpty()) canvas.fill(bar, color);
  }
}

QColor curve_color(const Theme& theme, const Curve& curve) {
  switch (curve.stroke) {
    case Stroke::focus:
      return theme.text;
    case Stroke::bound:
      return theme.text2;
    case Stroke::guide:
      return theme.dark ? theme.text3.darker(150) : theme.line.darker(120);
    default:
      return shade_color(theme, curve.shade);
  }
}

}  // namespace

QPen curve_pen(const Canvas& canvas, const Curve& curve) {
  const Theme& theme = canvas.theme;
  const QColor color = curve_color(theme, curve);
  if (curve.stroke == Stroke::bound) return canvas.dashed(color, theme.curve);
  if (curve.stroke == Stroke::focus) return canvas.pen(color, theme.focus);
  if (curve.stroke == Stroke::guide) return canvas.pen(color, theme.axis);
  return canvas.pen(color, theme.curve);
}

void paint_curve(Canvas& canvas, const Curve& curve, const PanelLayout& layout, const QPen& pen) {
  // Columns of half a layout unit: a pixel at scale 2.
  canvas.polyline(decimated(curve, layout, canvas.u * 0.5), layout.plot, pen);
}

void paint_lines(Canvas& canvas, const Lines& lines, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const bool zero = layout.y_scale == Scale::linear && layout.bottom < 0 && layout.top > 0;
  if (zero) {
    const double y = layout.to_pixel(layout.left, 0).y();
    canvas.line({layout.plot.left(), y}, {layout.plot.right(), y}, theme.line, theme.axis * 0.75);
  }
  DenseCurves dense(canvas.painter, layout);
  // The focus lies over the others.
  for (const bool focus : {false, true}) {
    for (const auto& curve : lines.curves) {
      if ((curve.stroke == Stroke::focus) != focus) continue;
      const bool plain = focus || curve.stroke == Stroke::data;
      if (plain && dense.takes(curve)) {
        const QPen pen = curve_pen(canvas, curve);
        dense.add(curve, pen.color(), pen.widthF());
        continue;
      }
      dense.flush();
      if (curve.stroke == Stroke::points) {
        paint_points(canvas, curve, layout, curve_color(theme, curve));
      } else if (curve.stroke == Stroke::steps) {
        paint_steps(canvas, curve, layout, curve_color(theme, curve));
      } else {
        paint_curve(canvas, curve, layout, curve_pen(canvas, curve));
      }
    }
  }
  dense.flush();
}

}  // namespace hyena::inspect
