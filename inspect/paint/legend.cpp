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

}  // namespace

void paint_legend(Canvas& canvas, const std::vector<Curve>& curves, const std::string& shade_title,
                  const PanelLayout& layout, bool opaque) {
  std::vector<Entry> entries = entries_of(curves, shade_title);
  if (entries.empty()) return;
  const Theme& theme = canvas.theme;
  const double u = canvas.u, row = theme.label * 1.4, sample = 18 * u, pad = 5 * u;
  const QFont font = sans(theme.label);
  for (auto& entry : entries) entry.name = elided(font, entry.name, layout.plot.width() * 0.6);
  // How wide each of so many columns is.
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
  QRectF best;
  std::size_t rows = entries.size();
  int fewest = std::numeric_limits<int>::max();
  for (const std::size_t columns : {1, 2, 3}) {
    const std::size_t high = (entries.size() + columns - 1) / columns;
    const auto widths = column_widths(high);
    const double width = std::accumulate(widths.begin(), widths.end(), 2 * pad - 10 * u);
    const double height = static_cast<double>(high) * row + pad;
    if (columns > entries.size() || width > plot.width() || height > plot.height()) continue;
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
      if (const int inside = crowd(curves, layout, place); inside < fewest) {
        fewest = inside;
        best = place;
        rows = high;
      }
    }
  }
  if (best.isEmpty()) return;
  QColor back = theme.page;
  back.setAlpha(opaque ? 255 : 215);
  if (opaque || fewest > 0) canvas.fill(best, back);
  const auto widths = column_widths(rows);
  double x = best.left() + pad;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0 && i % rows == 0) x += widths[i / rows - 1];
    const double y = best.top() + pad / 2 + (static_cast<double>(i % rows) + 0.5) * row;
    paint_sample(canvas, entries[i], {x, y - 5 * u, sample, 10 * u});
    canvas.text({x + sample + 6 * u, y}, entries[i].name, font, theme.text2, Across::left,
                Down::middle);
  }
}

}  // namespace hyena::inspect
