#include <algorithm>
#include <cmath>

#include "inspect/figure/figure_text.h"
#include "inspect/paint/figure_painter.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

/// Words into lines of at most this width.
std::vector<QString> wrapped(const QString& text, const QFont& font, double width) {
  std::vector<QString> lines;
  QString line;
  for (QString word : text.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    const QString longer = line.isEmpty() ? word : line + QLatin1Char(' ') + word;
    if (text_width(font, longer) <= width) {
      line = longer;
      continue;
    }
    if (!line.isEmpty()) lines.push_back(line);
    while (text_width(font, word) > width && word.size() > 1) {
      qsizetype keep = word.size() - 1;
      while (keep > 1 && text_width(font, word.left(keep)) > width) --keep;
      lines.push_back(word.left(keep));
      word = word.mid(keep);
    }
    line = word;
  }
  if (!line.isEmpty()) lines.push_back(line);
  return lines;
}

/// Width over height that a plot has to have, 0: any.
double aspect(const Panel& panel) {
  if (const auto* picture = std::get_if<Picture>(&panel.content)) {
    const auto& shape = picture->pixels.shape();
    return static_cast<double>(shape[1]) / static_cast<double>(shape[0]);
  }
  const auto* map = std::get_if<HeatMap>(&panel.content);
  if (!map || !map->square) return 0;
  return static_cast<double>(map->cells.shape()[1]) / static_cast<double>(map->cells.shape()[0]);
}

struct Grid {
  std::size_t columns = 1, rows = 0;
  std::vector<QMarginsF> around;  ///< of each panel, aligned along rows and columns
  std::vector<double> heights;    ///< of each row where its panels fix it, else 0
  std::vector<double> weights;    ///< of each row
  double column_width = 0, gap_x = 0, gap_y = 0;
};

/// Panels of one column start and end at the same x, those of one row at the same y.
void align(const Figure& figure, Grid& grid) {
  const auto n = figure.panels.size();
  const auto aligned = [&](std::size_t i) {
    return has_axes(figure.panels[i]) || std::holds_alternative<Bars>(figure.panels[i].content);
  };
  const auto own = grid.around;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (figure.panels[i].thumbnail != figure.panels[j].thumbnail) continue;
      QMarginsF& m = grid.around[i];
      if (i % grid.columns == j % grid.columns && aligned(i) && aligned(j)) {
        m.setLeft(std::max(m.left(), own[j].left()));
        m.setRight(std::max(m.right(), own[j].right()));
      }
      if (i / grid.columns != j / grid.columns) continue;
      m.setTop(std::max(m.top(), own[j].top()));
      if (has_axes(figure.panels[i])) m.setBottom(std::max(m.bottom(), own[j].bottom()));
    }
  }
}

QRectF rounded(const QRectF& rect) {
  const double left = std::round(rect.left()), top = std::round(rect.top());
  return {left, top, std::max(1.0, std::round(rect.right()) - left),
          std::max(1.0, std::round(rect.bottom()) - top)};
}

Grid make_grid(const Figure& figure, const Theme& theme, std::vector<PanelLayout>& panels,
               double width, double row_height) {
  Grid grid;
  const double u = theme.unit;
  const std::size_t n = figure.panels.size();
  grid.columns = static_cast<std::size_t>(std::clamp<std::int64_t>(
      figure.columns, 1, static_cast<std::int64_t>(std::max<std::size_t>(n, 1))));
  grid.rows = (n + grid.columns - 1) / grid.columns;
  const bool wall = n > 0 && std::ranges::all_of(figure.panels, &Panel::thumbnail);
  grid.gap_x = (wall ? 6 : 20) * u;
  grid.gap_y = (wall ? 4 : 10) * u;
  grid.column_width = (width - static_cast<double>(grid.columns - 1) * grid.gap_x) /
                      static_cast<double>(grid.columns);
  for (std::size_t i = 0; i < n; ++i) {
    grid.around.push_back(
        margins(figure.panels[i], panels[i], theme, grid.column_width, row_height));
  }
  align(figure, grid);
  grid.heights.assign(grid.rows, 0);
  grid.weights.assign(grid.rows, 0);
  std::vector<bool> free(grid.rows, false);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = i / grid.columns;
    const QMarginsF& m = grid.around[i];
    const double inner = grid.column_width - m.left() - m.right();
    const double natural = natural_height(figure.panels[i], theme, inner);
    grid.weights[row] = std::max(grid.weights[row], figure.panels[i].weight);
    if (natural > 0) {
      grid.heights[row] = std::max(grid.heights[row], natural + m.top() + m.bottom());
    } else {
      free[row] = true;
    }
  }
  for (std::size_t row = 0; row < grid.rows; ++row) {
    if (free[row]) grid.heights[row] = 0;
  }
  return grid;
}

}  // namespace

double FigurePainter::preferred_height(double width) {
  const double u = theme_->unit, edge = (theme_->print ? 6 : 16) * u;
  const double inner = width - 2 * edge;
  FigureLayout sample = layout({width, width});
  const Grid grid = make_grid(figure_, *theme_, sample.panels, inner, width / 3);
  double height = 2 * edge + sample.heading.height() + sample.caption.height() +
                  static_cast<double>(grid.rows > 0 ? grid.rows - 1 : 0) * grid.gap_y;
  if (!sample.caption_lines.empty()) height += 10 * u;
  for (std::size_t row = 0; row < grid.rows; ++row) {
    double most = grid.heights[row];
    for (std::size_t i = row * grid.columns;
         most == 0 || (grid.heights[row] == 0 && i < (row + 1) * grid.columns); ++i) {
      if (i >= figure_.panels.size() || i >= (row + 1) * grid.columns) break;
      const QMarginsF& m = grid.around[i];
      const double plot = std::max(20 * u, grid.column_width - m.left() - m.right());
      const double shape = aspect(figure_.panels[i]);
      const double share = grid.columns == 1 ? 0.34 : 0.42;
      const double high = shape > 0 ? std::min(plot / shape, 560 * u)
                          : figure_.panels[i].thumbnail
                              ? 0.62 * plot
                              : grid.column_width * share * figure_.panels[i].weight;
      most = std::max(most, high + m.top() + m.bottom());
    }
    height += most;
  }
  return std::ceil(height);
}

FigureLayout FigurePainter::layout(QSizeF size) {
  const Theme& theme = *theme_;
  const double u = theme.unit, edge = (theme.print ? 6 : 16) * u;
  FigureLayout out;
  out.page = QRectF({0, 0}, size);
  QRectF room = out.page.adjusted(edge, edge, -edge, -edge);
  if (!theme.print && options_.heading && !figure_.title.empty()) {
    out.heading = QRectF(room.left(), room.top(), room.width(), 22 * u);
    room.setTop(out.heading.bottom() + 10 * u);
    out.heading.setHeight(32 * u);  // with what is free below
    out.heading.translate(0, -4 * u);
  }
  if (theme.print || options_.caption) {
    out.caption_lines = wrapped(drawable(caption_text(figure_)), sans(theme.caption), room.width());
    if (!out.caption_lines.empty()) {
      const double height =
          6 * u + static_cast<double>(out.caption_lines.size()) * theme.caption * 1.38;
      out.caption = QRectF(room.left(), room.bottom() - height, room.width(), height);
      room.setBottom(out.caption.top() - 10 * u);
    }
  }
  for (std::size_t i = 0; i < figure_.panels.size(); ++i) {
    PanelLayout panel;
    panel.panel = i;
    panel.thumbnail = figure_.panels[i].thumbnail;
    find_ranges(figure_.panels[i], panel);
    if (cells_of(i)) {
      panel.has_limits = true;
      panel.limits = limits(i);
    }
    out.panels.push_back(panel);
  }
  if (out.panels.empty()) return out;
  const auto rows = std::max<std::size_t>(
      1, (figure_.panels.size() + static_cast<std::size_t>(figure_.columns) - 1) /
             static_cast<std::size_t>(figure_.columns));
  Grid grid = make_grid(figure_, theme, out.panels, room.width(),
                        room.height() / static_cast<double>(rows));
  const double gaps = static_cast<double>(grid.rows - 1) * grid.gap_y;
  double fixed = 0, weights = 0;
  for (std::size_t row = 0; row < grid.rows; ++row) {
    fixed += grid.heights[row];
    if (grid.heights[row] == 0) weights += grid.weights[row];
  }
  const double free = std::max(room.height() - gaps - fixed, 0.0);
  double y = room.top();
  for (std::size_t row = 0; row < grid.rows; ++row) {
    const double height =
        grid.heights[row] > 0 ? grid.heights[row] : free * grid.weights[row] / weights;
    for (std::size_t i = row * grid.columns;
         i < std::min((row + 1) * grid.columns, out.panels.size()); ++i) {
      PanelLayout& panel = out.panels[i];
      const Panel& what = figure_.panels[i];
      const QMarginsF& m = grid.around[i];
      const double x =
          room.left() + static_cast<double>(i % grid.columns) * (grid.column_width + grid.gap_x);
      panel.cell = QRectF(x, y, grid.column_width, height);
      panel.plot = rounded(panel.cell.marginsRemoved(m));
      if (const double shape = aspect(what); shape > 0) {
        const double wide = std::min(panel.plot.width(), panel.plot.height() * shape);
        panel.plot = rounded(QRectF(panel.plot.left(), panel.plot.top(), wide, wide / shape));
      }
      make_room_for_legend(what, theme, panel);
      const double line = panel.thumbnail ? theme.label + 3 * u
                          : theme.print   ? theme.letter * 1.1
                                          : theme.title * 1.4;
      const bool inset = has_axes(what) && !theme.print;
      const double from = inset ? panel.plot.left() : panel.cell.left();
      panel.title = QRectF(from, panel.cell.top(), panel.cell.right() - from, line);
      if (color_bar_rule(what)) {
        const double above = panel.limits.above > 0 ? 10 * u : 0;
        const double below = panel.limits.below > 0 ? 10 * u : 0;
        const double bar = std::holds_alternative<Picture>(what.content) ? 8 * u : 10 * u;
        const bool marked = std::holds_alternative<HeatMap>(what.content) &&
                            !std::get<HeatMap>(what.content).marks.empty();
        panel.color_bar =
            QRectF(panel.plot.right() + (marked ? 14 : 12) * u, panel.plot.top() + above, bar,
                   std::max(panel.plot.height() - above - below, 8 * u));
      }
      if (const auto* strip = std::get_if<TokenStrip>(&what.content)) {
        panel.items = token_items(*strip, theme, panel.plot);
      } else if (const auto* table = std::get_if<Table>(&what.content)) {
        panel.items = table_items(*table, theme, panel.plot);
      } else if (const auto* bars = std::get_if<Bars>(&what.content)) {
        panel.items = bar_items(*bars, theme, panel.plot);
      } else if (const auto* boxes = std::get_if<Boxes>(&what.content)) {
        panel.items = box_items(*boxes, panel);
      }
    }
    y += height + grid.gap_y;
  }
  return out;
}

}  // namespace hyena::inspect
