#include "inspect/paint/axes.h"

#include <algorithm>
#include <cmath>

#include <QFontMetricsF>

#include "inspect/figure/figure_text.h"
#include "inspect/paint/fonts.h"

namespace hyena::inspect {
namespace {

constexpr double tick_length = 4, tick_gap = 3;
constexpr double longest_label = 150;  // in 1/96 inch

bool over_cells(const Panel& panel) {
  return std::holds_alternative<HeatMap>(panel.content);
}

/// Whether triangles beside the plot point at rows: numbers make room for them.
bool rows_marked(const Panel& panel) {
  const auto* map = std::get_if<HeatMap>(&panel.content);
  return map && std::ranges::any_of(
                    map->marks, [](const Mark& mark) { return mark.row >= 0 && mark.column < 0; });
}

/// Names at cells, as many as there is room for: every, or every 2nd, 5th, 10th …
std::vector<Tick> named(const std::vector<std::string>& labels, double first, double step, Range at,
                        double room) {
  std::vector<Tick> all;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double value = first + step * static_cast<double>(i);
    if (value >= at.low && value <= at.high) all.push_back({value, visible_piece(labels[i])});
  }
  std::size_t every = 1;
  for (const std::size_t next : {2, 5, 10, 20, 50, 100, 1000, 10000}) {
    if (static_cast<double>(all.size()) / static_cast<double>(every) <= std::max(room, 1.0)) break;
    every = next;
  }
  std::vector<Tick> kept;
  for (std::size_t i = 0; i < all.size(); i += every) kept.push_back(all[i]);
  return kept;
}

Range sorted(double a, double b) {
  return {std::min(a, b), std::max(a, b)};
}

double widest(const std::vector<Tick>& ticks, const QFont& font, double u) {
  double width = 0;
  for (const auto& tick : ticks) width = std::max(width, text_width(font, drawable(tick.label)));
  return std::min(width, longest_label * u);
}

/// Cells' coordinates are those of their middles: the range of the numbers, not of the edges.
Range numbered(const Panel& panel, Range edges, bool x) {
  const auto* map = std::get_if<HeatMap>(&panel.content);
  if (!map) return edges;
  const double half = std::abs(x ? map->x_step : map->y_step) / 2;
  return {edges.low + half * 0.99, edges.high - half * 0.99};
}

/// Names along x stand upright unless they are too long for their cells.
bool x_upward(const Panel& panel, const PanelLayout& layout, const Theme& theme) {
  if (panel.x.labels.empty()) return false;
  const double cells = std::max(1.0, std::min(std::abs(layout.right - layout.left),
                                              static_cast<double>(panel.x.labels.size())));
  double width = 0;
  const QFont font = sans(theme.label);
  for (const auto& label : panel.x.labels) {
    width = std::max(width, text_width(font, drawable(visible_piece(label))));
  }
  return width + 6 * theme.unit > layout.plot.width() / cells;
}

double line_height(const Theme& theme) {
  return theme.label * 1.3;
}

}  // namespace

std::vector<Tick> x_ticks(const Panel& panel, const PanelLayout& layout, const Theme& theme) {
  const Range range = sorted(layout.left, layout.right);
  if (!panel.x.labels.empty()) {
    const auto* map = std::get_if<HeatMap>(&panel.content);
    const bool upward = x_upward(panel, layout, theme);
    return named(panel.x.labels, map ? map->x_first : 0, map ? map->x_step : 1, range,
                 upward ? layout.plot.width() / line_height(theme) : 1e9);
  }
  const Range shown = numbered(panel, range, true);
  // As many as stand apart with their labels.
  for (int most = 6;; --most) {
    auto found = ticks(panel.x, shown, most);
    const double label = widest(found, sans(theme.label), theme.unit) + 12 * theme.unit;
    if (most <= 2 || static_cast<double>(found.size()) * label <= layout.plot.width()) return found;
  }
}

std::vector<Tick> y_ticks(const Panel& panel, const PanelLayout& layout, const Theme& theme) {
  const Range range = sorted(layout.bottom, layout.top);
  if (!panel.y.labels.empty()) {
    const auto* map = std::get_if<HeatMap>(&panel.content);
    return named(panel.y.labels, map ? map->y_first : 0, map ? map->y_step : 1, range,
                 layout.plot.height() / line_height(theme));
  }
  const int most = std::clamp(static_cast<int>(layout.plot.height() / (22 * theme.unit)), 2, 6);
  return ticks(panel.y, numbered(panel, range, false), most);
}

QMarginsF margins(const Panel& panel, const PanelLayout& layout, const Theme& theme, double width,
                  double height) {
  const double u = theme.unit;
  QMarginsF m;
  const bool titled = !panel.title.empty();
  if (panel.thumbnail) return {2 * u, titled ? theme.label + 5 * u : 2 * u, 2 * u, 2 * u};
  m.setTop(theme.print ? theme.letter + 4 * u : titled ? theme.title + 10 * u : 8 * u);
  m.setRight(10 * u);
  PanelLayout guess = layout;
  guess.plot = QRectF(0, 0, std::max(width - 90 * u, 40 * u), std::max(height - 60 * u, 30 * u));
  const QFont font = sans(theme.label);
  if (has_axes(panel)) {
    const auto ys = y_ticks(panel, guess, theme), xs = x_ticks(panel, guess, theme);
    m.setLeft(widest(ys, font, u) + (tick_length + tick_gap + (rows_marked(panel) ? 6 : 0)) * u +
              (axis_text(panel.y).empty() ? 0 : line_height(theme) + 3 * u));
    double below = line_height(theme);
    if (x_upward(panel, guess, theme)) below = widest(xs, font, u);
    m.setBottom((tick_length + tick_gap) * u + below +
                (axis_text(panel.x).empty() ? 0 : line_height(theme) + 3 * u));
    if (!xs.empty()) {
      m.setRight(std::max(m.right(), text_width(font, drawable(xs.back().label)) / 2 + 2 * u));
    }
    if (panel.top) {
      m.setTop(m.top() + line_height(theme) + (tick_length + tick_gap) * u +
               (axis_text(*panel.top).empty() ? 0 : line_height(theme)));
    }
  }
  if (std::holds_alternative<Bars>(panel.content)) {
    double names = 0;
    for (const auto& bar : std::get<Bars>(panel.content).bars) {
      names = std::max(names, text_width(sans(theme.label, Weight::semibold), drawable(bar.name)));
    }
    m.setLeft(std::min(names, 0.4 * width) + 10 * u);
    m.setRight(text_width(font, QStringLiteral("0.0000")) + 8 * u);
    const bool legend = !std::get<Bars>(panel.content).second_name.empty();
    m.setBottom(legend || !axis_text(panel.x).empty() ? line_height(theme) + 6 * u : 2 * u);
  }
  if (const ColorRule* rule = color_bar_rule(panel)) {
    m.setRight((12 + 10 + tick_length + tick_gap + 4) * u +
               std::max(widest(color_bar_ticks(*rule, layout.limits), font, u),
                        text_width(font, drawable(rule->title)) - 10 * u));
    if (!rule->title.empty() && !panel.top)
      m.setTop(std::max(m.top(), line_height(theme) + 10 * u));
    if (!rule->title.empty() && theme.print) m.setTop(m.top() + 2 * u);
  }
  const double most = 0.7 * height;
  if (m.top() + m.bottom() > most) m.setBottom(std::max(0.0, most - m.top()));
  return m;
}

void paint_axes(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const double u = canvas.u;
  const QRectF& plot = layout.plot;
  const QColor& ink = theme.text3;
  const QColor& words = theme.print ? theme.text : theme.text2;
  const QFont font = sans(theme.label), title = sans(theme.label, Weight::medium);
  if (over_cells(panel)) {
    canvas.frame(plot, ink, theme.axis);
  } else {
    canvas.line(plot.topLeft(), plot.bottomLeft(), ink, theme.axis);
    canvas.line(plot.bottomLeft(), plot.bottomRight(), ink, theme.axis);
  }
  const bool upward = x_upward(panel, layout, theme);
  const bool quiet = std::holds_alternative<Boxes>(panel.content);  // names, not numbers
  double below = line_height(theme);
  for (const auto& tick : x_ticks(panel, layout, theme)) {
    const double x = layout.to_pixel(tick.value, layout.bottom).x();
    const double y = plot.bottom() + tick_length * u;
    if (!quiet) canvas.line({x, plot.bottom()}, {x, y}, ink, theme.axis);
    QString label = drawable(tick.label);
    if (upward) {
      label = elided(font, label, longest_label * u);
      below = std::max(below, text_width(font, label));
      canvas.upward_text({x, y + tick_gap * u}, label, font, words, Across::right);
    } else {
      canvas.text({x, y + (tick_gap - 1) * u}, label, font, words, Across::center, Down::top);
    }
  }
  const double aside = rows_marked(panel) ? 6 * u : 0;
  for (const auto& tick : y_ticks(panel, layout, theme)) {
    const double y = layout.to_pixel(layout.left, tick.value).y();
    const double x = plot.left() - tick_length * u;
    canvas.line({plot.left(), y}, {x, y}, ink, theme.axis);
    const QString label = elided(font, drawable(tick.label), longest_label * u);
    canvas.text({x - tick_gap * u - aside, y}, label, font, words, Across::right, Down::middle);
  }
  const double title_room = plot.width() + 60 * u;
  canvas.text({plot.center().x(), plot.bottom() + (tick_length + tick_gap + 2) * u + below},
              elided(title, drawable(axis_text(panel.x)), title_room), title, words, Across::center,
              Down::top);
  // Outermost: panels of one column have their titles on one line.
  const double title_x = layout.cell.left() + theme.label * 0.55;
  canvas.upward_text({title_x, plot.center().y()},
                     elided(title, drawable(axis_text(panel.y)), plot.height() + 30 * u), title,
                     words);
  if (!panel.top) return;
  if (!over_cells(panel)) canvas.line(plot.topLeft(), plot.topRight(), ink, theme.axis);
  const Range along{layout.left, layout.right};
  std::vector<Tick> above;
  if (panel.top->range) {
    const Range range = *panel.top->range;
    above = ticks(*panel.top, range, 6);
    for (auto& tick : above) {
      const double share = panel.top->scale == Scale::log
                               ? std::log(tick.value / range.low) / std::log(range.high / range.low)
                               : (tick.value - range.low) / (range.high - range.low);
      tick.value = along.low + share * (along.high - along.low);
    }
  } else {
    above = reciprocal_ticks(along, 6, 30 * u / plot.width());
  }
  for (const auto& tick : above) {
    const double share = (tick.value - along.low) / (along.high - along.low);
    const double x = panel.top->range ? plot.left() + share * plot.width()
                                      : layout.to_pixel(tick.value, layout.bottom).x();
    canvas.line({x, plot.top()}, {x, plot.top() - tick_length * u}, ink, theme.axis);
    canvas.text({x, plot.top() - (tick_length + tick_gap) * u}, drawable(tick.label), font, words,
                Across::center);
  }
  canvas.text(
      {plot.center().x(), plot.top() - (tick_length + tick_gap + 2) * u - line_height(theme)},
      drawable(axis_text(*panel.top)), title, words, Across::center);
}

}  // namespace hyena::inspect
