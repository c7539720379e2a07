#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <utility>

#include <QImage>

#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

struct Entry {
  const Curve* curve = nullptr;  ///< null: the shade's range
  QString name = {};
};

std::vector<Entry> entries_of(const std::vector<Curve>& curves, const std::string& shade_title) {
  std::vector<Entry> entries;
  for (const bool focus : {true, false}) {
    for (const auto& curve : curves) {
      if (!curve.name.empty() && (curve.stroke == Stroke::focus) == focus) {
        entries.push_back({&curve, drawable(curve.name)});
      }
    }
  }
  if (entries.size() > 12) {
    const auto more = entries.size() - 11;
    entries.resize(11);
    entries.push_back({nullptr, QStringLiteral("… and %1 more").arg(more)});
  }
  if (!shade_title.empty()) entries.push_back({nullptr, drawable(shade_title)});
  return entries;
}

/// How many samples of the curves lie in the rectangle.
int crowd(const std::vector<Curve>& curves, const PanelLayout& layout, const QRectF& rect) {
  int inside = 0;
  for (const auto& curve : curves) {
    const std::int64_t step = std::max<std::int64_t>(1, curve.x.size() / 256);
    for (std::int64_t i = 0; i < curve.x.size(); i += step) {
      inside += rect.contains(layout.to_pixel(curve.x[i], curve.y[i])) ? 1 : 0;
    }
  }
  return inside;
}

void paint_sample(Canvas& canvas, const Entry& entry, const QRectF& at) {
  const double y = at.center().y();
  if (entry.curve) {
    const Stroke stroke = entry.curve->stroke;
    const QColor color = shade_color(canvas.theme, entry.curve->shade);
    if (stroke == Stroke::points) {
      canvas.painter.setPen(Qt::NoPen);
      canvas.painter.setBrush(color);
      canvas.painter.drawEllipse(at.center(), 2.2 * canvas.u, 2.2 * canvas.u);
      canvas.painter.setBrush(Qt::NoBrush);
    } else if (stroke == Stroke::steps) {
      canvas.fill(at.adjusted(0, 2 * canvas.u, 0, -2 * canvas.u), color);
    } else {
      canvas.painter.setPen(curve_pen(canvas, *entry.curve));
      canvas.painter.drawLine(QPointF(at.left(), y), QPointF(at.right(), y));
    }
  } else if (!entry.name.startsWith(QStringLiteral("…"))) {
    QImage strip(64, 8, QImage::Format_RGB32);
    for (int i = 0; i < 8 * 64; ++i) {
      strip.setPixelColor(i % 64, i / 64, shade_color(canvas.theme, (i % 64) / 63.0));
    }
    canvas.image({at.left(), y - 3 * canvas.u, at.width(), 6 * canvas.u}, strip, false);
  }
}

struct Place {
  std::vector<Entry> entries = {};
  QRectF rect = {};  ///< empty: there is no room
  std::size_t rows = 0;
  int covered = 0;                  ///< samples of curves below it
  double least_height = 0;          ///< of the arrangements that fit
  std::vector<double> widths = {};  ///< of the columns
};

/// The arrangement in one to three columns and the corner or middle that covers least.
Place find_place(const std::vector<Curve>& curves, const std::string& shade_title,
                 const PanelLayout& layout, const Theme& theme) {
  Place best;
  best.entries = entries_of(curves, shade_title);
  auto& entries = best.entries;
  if (entries.empty()) return best;
  const double u = theme.unit, row = theme.label * 1.4, sample = 18 * u, pad = 5 * u;
  const QFont font = sans(theme.label);
  for (auto& entry : entries) entry.name = elided(font, entry.name, layout.plot.width() * 0.6);
  const auto column_widths = [&](std::size_t high) {
    std::vector<double> widths;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i % high == 0) widths.push_back(0);
      const double width = sample + 6 * u + text_width(font, entries[i].name) + 10 * u;
      widths.back() = std::max(widths.back(), width);
    }
    return widths;
  };
  const QRectF plot = layout.plot.adjusted(6 * u, 3 * u, -6 * u, -5 * u);
  best.covered = std::numeric_limits<int>::max();
  for (const std::size_t columns : {1, 2, 3}) {
    const std::size_t high = (entries.size() + columns - 1) / columns;
    const auto widths = column_widths(high);
    const double width = std::accumulate(widths.begin(), widths.end(), 2 * pad - 10 * u);
    const double height = static_cast<double>(high) * row + pad;
    if (columns > entries.size() || width > plot.width() || height > plot.height()) continue;
    best.least_height = height;
    const double right = plot.right() - width, bottom = plot.bottom() - height;
    const double middle = plot.center().x() - width / 2;
    for (const auto& [x, y] :
         std::initializer_list<std::pair<double, double>>{{right, plot.top()},
                                                          {right, bottom},
                                                          {plot.left(), plot.top()},
                                                          {plot.left(), bottom},
                                                          {middle, plot.top()},
                                                          {middle, bottom}}) {
      const QRectF place(x, y, width, height);
      if (const int inside = crowd(curves, layout, place); inside < best.covered) {
        best.covered = inside;
        best.rect = place;
        best.rows = high;
        best.widths = widths;
      }
    }
  }
  return best;
}

}  // namespace

void make_room_for_legend(const Panel& panel, const Theme& theme, PanelLayout& layout) {
  const auto* lines = std::get_if<Lines>(&panel.content);
  if (!lines || !lines->legend || panel.thumbnail || panel.y.range) return;
  const Place place = find_place(lines->curves, lines->shade_title, layout, theme);
  if (place.rect.isEmpty() || place.covered == 0) return;
  const double share = 1 - (place.least_height + 8 * theme.unit) / layout.plot.height();
  if (share < 0.55) return;  // the curves are worth more
  layout.top = layout.y_scale == Scale::log
                   ? layout.bottom * std::pow(layout.top / layout.bottom, 1 / share)
                   : layout.bottom + (layout.top - layout.bottom) / share;
}

void paint_legend(Canvas& canvas, const std::vector<Curve>& curves, const std::string& shade_title,
                  const PanelLayout& layout, bool opaque) {
  const Theme& theme = canvas.theme;
  const Place place = find_place(curves, shade_title, layout, theme);
  if (place.rect.isEmpty()) return;
  const double u = canvas.u, row = theme.label * 1.4, sample = 18 * u, pad = 5 * u;
  const QFont font = sans(theme.label);
  QColor back = theme.page;
  back.setAlpha(opaque ? 255 : 215);
  if (opaque || place.covered > 0) canvas.fill(place.rect, back);
  double x = place.rect.left() + pad;
  for (std::size_t i = 0; i < place.entries.size(); ++i) {
    if (i > 0 && i % place.rows == 0) x += place.widths[i / place.rows - 1];
    const double y = place.rect.top() + pad / 2 + (static_cast<double>(i % place.rows) + 0.5) * row;
    paint_sample(canvas, place.entries[i], {x, y - 5 * u, sample, 10 * u});
    canvas.text({x + sample + 6 * u, y}, place.entries[i].name, font, theme.text2, Across::left,
                Down::middle);
  }
}

}  // namespace hyena::inspect
