#include <algorithm>
#include <cmath>
#include <functional>

#include "inspect/figure/color_maps.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

/// Rows and columns of cells that the plot shows.
QRect visible_cells(const HeatMap& map, const PanelLayout& layout) {
  const auto cell = [](double unit, double first, double step) {
    return static_cast<int>(std::lround((unit - first) / step + 0.5));
  };
  const int left = cell(layout.left, map.x_first, map.x_step);
  const int right = cell(layout.right, map.x_first, map.x_step);
  const int top = cell(layout.top, map.y_first, map.y_step);
  const int bottom = cell(layout.bottom, map.y_first, map.y_step);
  return {left, top, right - left, bottom - top};
}

/// Diagonal lines over the cells of one level, each as long as it stays among them.
void hatch(Canvas& canvas, const QImage& cells, const QRectF& plot, int level, double apart,
           const QPen& pen) {
  const double step = std::max(
      0.5 * canvas.u, std::min(plot.width() / cells.width(), plot.height() / cells.height()) / 2);
  const auto inside = [&](double x, double y) {
    const int column = static_cast<int>((x - plot.left()) / plot.width() * cells.width());
    const int row = static_cast<int>((y - plot.top()) / plot.height() * cells.height());
    if (column < 0 || row < 0 || column >= cells.width() || row >= cells.height()) return false;
    return cells.constScanLine(row)[column] == level;
  };
  QList<QLineF> lines;
  const double reach = plot.width() + plot.height();
  for (double offset = apart; offset < reach; offset += apart) {
    // From the lower left to the upper right.
    const double x0 = plot.left() + std::max(0.0, offset - plot.height());
    const double y0 = plot.top() + std::min(plot.height(), offset);
    const double length = std::min(plot.right() - x0, y0 - plot.top());
    double start = -1;
    for (double at = 0; at <= length; at += step) {
      const bool in = at + step <= length && inside(x0 + at + step / 2, y0 - at - step / 2);
      if (in && start < 0) start = at;
      if (!in && start >= 0) {
        lines.append(QLineF(x0 + start, y0 - start, x0 + at, y0 - at));
        start = -1;
      }
    }
    if (start >= 0) lines.append(QLineF(x0 + start, y0 - start, x0 + length, y0 - length));
  }
  canvas.painter.setPen(pen);
  canvas.painter.drawLines(lines);
}

bool holds(const QImage& cells, int level) {
  for (int row = 0; row < cells.height(); ++row) {
    const uchar* line = cells.constScanLine(row);
    if (std::find(line, line + cells.width(), static_cast<uchar>(level)) != line + cells.width()) {
      return true;
    }
  }
  return false;
}

/// Texts in their cells, black or white, where a few letters find room.
void paint_texts(Canvas& canvas, const HeatMap& map, const ColorMap& colors,
                 const PanelLayout& layout) {
  const QFont font = mono(canvas.theme.mono_small);
  const std::int64_t columns = map.cells.shape()[1];
  for (std::size_t i = 0; i < map.texts.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (!std::isfinite(map.cells[at])) continue;
    const double x = map.x_first + static_cast<double>(at % columns) * map.x_step;
    const double y = map.y_first + static_cast<double>(at / columns) * map.y_step;
    const QRectF cell = QRectF(layout.to_pixel(x - map.x_step / 2, y - map.y_step / 2),
                               layout.to_pixel(x + map.x_step / 2, y + map.y_step / 2))
                            .normalized();
    if (!layout.plot.contains(cell.center()) || cell.height() < canvas.theme.mono_small) continue;
    const QString text = elided(font, drawable(map.texts[i]), cell.width() - 2 * canvas.u);
    const Color back = colors.at(layout.limits.position(map.cells[at]));
    canvas.text(cell.center(), text, font, to_qt(text_on(back)), Across::center, Down::middle);
  }
}

}  // namespace

QImage quantised(const HeatMap& map, const ResolvedLimits& limits) {
  const auto rows = static_cast<int>(map.cells.shape()[0]);
  const auto columns = static_cast<int>(map.cells.shape()[1]);
  QImage image(columns, rows, QImage::Format_Indexed8);
  const auto low = static_cast<float>(limits.low);
  const auto scale = static_cast<float>((levels - 1) / (limits.high - limits.low));
  const float* values = map.cells.data();
  const float* mask = map.mask.empty() ? nullptr : map.mask.data();
  for (int row = 0; row < rows; ++row) {
    uchar* out = image.scanLine(row);
    for (int column = 0; column < columns; ++column, ++values) {
      const float level = std::clamp((*values - low) * scale, 0.0F, float{levels - 1}) + 0.5F;
      out[column] = std::isfinite(*values) ? static_cast<uchar>(level) : uchar{no_number_level};
      if (mask && *mask++ != 0) out[column] = masked_level;
    }
  }
  return image;
}

QList<QRgb> level_colors(const ColorMap& map, const Theme& theme, double alpha, bool by_size,
                         bool centred) {
  QList<QRgb> table(256);
  for (int i = 0; i < levels; ++i) {
    const double place = static_cast<double>(i) / (levels - 1);
    const Color color = map.at(place);
    const double size = !by_size ? 1 : centred ? std::abs(2 * place - 1) : place;
    table[i] = qRgba(color.red, color.green, color.blue,
                     static_cast<int>(std::lround(255 * alpha * size)));
  }
  table[masked_level] = by_size ? qRgba(0, 0, 0, 0) : theme.page.rgba();
  table[no_number_level] = by_size ? qRgba(0, 0, 0, 0) : theme.track.rgba();
  return table;
}

void paint_heat_map(Canvas& canvas, const HeatMap& map, const PanelLayout& layout,
                    const QImage& cell_levels, bool thumbnail) {
  const Theme& theme = canvas.theme;
  QImage cells = cell_levels.copy(visible_cells(map, layout));
  cells.setColorTable(level_colors(color_map_for(map.color, theme.dark), theme));
  if (map.smooth) {
    canvas.image(layout.plot, cells.convertToFormat(QImage::Format_RGB32), true);
  } else {
    canvas.image(layout.plot, cells, false);
  }
  if (!map.mask.empty() && holds(cells, masked_level)) {
    hatch(canvas, cells, layout.plot, masked_level, 7 * canvas.u,
          canvas.pen(theme.line, 0.7 * canvas.u));
  }
  if (layout.limits.nan > 0 && holds(cells, no_number_level)) {
    hatch(canvas, cells, layout.plot, no_number_level, 4 * canvas.u,
          canvas.pen(theme.hatch, canvas.u));
  }
  for (const auto& curve : map.overlays) {
    QColor halo = theme.page;
    halo.setAlpha(120);
    paint_curve(canvas, curve, layout, canvas.pen(halo, theme.focus * 1.6));
    const bool dashed = curve.stroke == Stroke::bound || curve.stroke == Stroke::data;
    const double width = 1.4 * theme.curve;
    paint_curve(canvas, curve, layout,
                dashed ? canvas.dashed(theme.text, width) : canvas.pen(theme.text, width));
  }
  if (!map.texts.empty() && !thumbnail) {
    paint_texts(canvas, map, color_map_for(map.color, theme.dark), layout);
  }
  if (!thumbnail) paint_marks(canvas, map.marks, map, layout);
}

void paint_marks(Canvas& canvas, const std::vector<Mark>& marks, const HeatMap& map,
                 const PanelLayout& layout) {
  const QRectF& plot = layout.plot;
  const double u = canvas.u;
  const Theme& theme = canvas.theme;
  const QFont font = sans(theme.label, Weight::semibold);
  for (const auto& mark : marks) {
    const double x = map.x_first + static_cast<double>(mark.column) * map.x_step;
    const double y = map.y_first + static_cast<double>(mark.row) * map.y_step;
    const QRectF cell = QRectF(layout.to_pixel(x - map.x_step / 2, y - map.y_step / 2),
                               layout.to_pixel(x + map.x_step / 2, y + map.y_step / 2))
                            .normalized();
    const QPointF at = cell.center();
    const bool row = mark.row >= 0, column = mark.column >= 0;
    if (row && (at.y() < plot.top() || at.y() > plot.bottom())) continue;
    if (column && (at.x() < plot.left() || at.x() > plot.right())) continue;
    const QString label = drawable(mark.label);
    if (row && column) {
      const double grow = std::max(0.0, 3 * u - cell.width() / 2);
      const QRectF frame = cell.adjusted(-grow, -grow, grow, grow).intersected(plot);
      canvas.double_frame(frame);
      const bool flip = frame.right() + text_width(font, label) + 8 * u > plot.right();
      const QPointF beside(flip ? frame.left() - 5 * u : frame.right() + 5 * u, at.y());
      if (label.isEmpty()) continue;
      const double wide = text_width(font, label) + 6 * u, high = theme.label * 1.2;
      const QRectF back(flip ? beside.x() - wide + 3 * u : beside.x() - 3 * u, at.y() - high / 2,
                        wide, high);
      canvas.fill(back, theme.page);
      canvas.text(beside, label, font, theme.text, flip ? Across::right : Across::left,
                  Down::middle);
    } else if (row) {
      for (const double side : {-1.0, 1.0}) {
        const double edge = side < 0 ? plot.left() : plot.right();
        canvas.triangle({edge + side * 1.5 * u, at.y()}, {edge + side * 8 * u, at.y() - 4 * u},
                        {edge + side * 8 * u, at.y() + 4 * u}, theme.text);
      }
      if (!label.isEmpty()) {
        canvas.text({plot.left() + 5 * u, at.y() - 5 * u}, label, font, theme.text);
      }
    } else if (column) {
      for (const double side : {-1.0, 1.0}) {
        const double edge = side < 0 ? plot.top() : plot.bottom();
        canvas.triangle({at.x(), edge + side * 1.5 * u}, {at.x() - 4 * u, edge + side * 8 * u},
                        {at.x() + 4 * u, edge + side * 8 * u}, theme.text);
      }
      if (!label.isEmpty()) {
        canvas.text({at.x() + 6 * u, plot.top() - 3 * u}, label, font, theme.text);
      }
    }
  }
}

}  // namespace hyena::inspect
