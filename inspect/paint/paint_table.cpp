#include <algorithm>

#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

double row_height(const Theme& theme) {
  return theme.print ? theme.label * 1.7 : 24 * theme.unit;
}

QString heading(const Column& column) {
  return drawable(column.title + (column.unit.empty() ? "" : " (" + column.unit + ")"));
}

/// As wide as the contents; narrower texts where the plot is too narrow for all.
std::vector<double> widths(const Table& table, const Theme& theme, double room) {
  const QFont head = sans(theme.label, Weight::semibold), text = sans(theme.label);
  const QFont digits = mono(theme.label);
  std::vector<double> wide;
  double sum = 0;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    double width = text_width(head, heading(table.columns[c]));
    for (const auto& row : table.rows) {
      width =
          std::max(width, text_width(table.columns[c].numeric ? digits : text, drawable(row[c])));
    }
    wide.push_back(width + 20 * theme.unit);
    sum += wide.back();
  }
  if (sum > room) {
    for (double& width : wide) width *= room / sum;
  }
  return wide;
}

}  // namespace

std::vector<QRectF> table_items(const Table& table, const Theme& theme, const QRectF& plot) {
  const double row = row_height(theme);
  double width = 0;
  for (const double one : widths(table, theme, plot.width())) width += one;
  std::vector<QRectF> items;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const double y = plot.top() + static_cast<double>(i + 1) * row;
    // The last line is for what does not fit.
    const bool last = i + 1 == table.rows.size();
    if (y + (last ? 1 : 2) * row > plot.bottom() + 1) break;
    items.emplace_back(plot.left(), y, width, row);
  }
  return items;
}

void paint_table(Canvas& canvas, const Table& table, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const double u = canvas.u, row = row_height(theme), pad = 10 * u;
  const QFont head = sans(theme.label, Weight::semibold), text = sans(theme.label);
  const QFont digits = mono(theme.label);
  const std::vector<double> wide = widths(table, theme, layout.plot.width());
  double end = layout.plot.left();
  for (const double width : wide) end += width;
  const auto cell = [&](double x, double width, double y, const QString& shown, const QFont& font,
                        bool right, const QColor& color) {
    const QString fitting = elided(font, shown, width - 8 * u);
    canvas.text({right ? x + width - pad : x + pad, y}, fitting, font, color,
                right ? Across::right : Across::left, Down::middle);
  };
  double x = layout.plot.left();
  for (std::size_t c = 0; c < wide.size(); ++c) {
    const Column& column = table.columns[c];
    cell(x, wide[c], layout.plot.top() + row / 2, heading(column), head, column.numeric,
         theme.text2);
    for (std::size_t r = 0; r < layout.items.size(); ++r) {
      cell(x, wide[c], layout.items[r].center().y(), drawable(table.rows[r][c]),
           column.numeric ? digits : text, column.numeric, theme.text);
    }
    x += wide[c];
  }
  const auto rule = [&](double y, const QColor& color) {
    canvas.line({layout.plot.left(), y}, {end, y}, color, theme.axis * 0.75);
  };
  rule(layout.plot.top() + row, theme.text3);
  for (const auto& item : layout.items) rule(item.bottom(), theme.line);
  if (layout.items.size() < table.rows.size()) {
    const double y = layout.plot.top() + (static_cast<double>(layout.items.size()) + 1.5) * row;
    canvas.text({layout.plot.left() + pad, y},
                QStringLiteral("… and %1 rows more").arg(table.rows.size() - layout.items.size()),
                text, theme.text3, Across::left, Down::middle);
  }
}

double natural_height(const Panel& panel, const Theme& theme, double width) {
  const QRectF endless(0, 0, width, 1e7);
  const double u = theme.unit;
  if (const auto* strip = std::get_if<TokenStrip>(&panel.content)) {
    const auto items = token_items(*strip, theme, endless);
    return items.empty() ? 40 * u : items.back().bottom() + theme.mono_small * 1.35 + 6 * u;
  }
  if (const auto* table = std::get_if<Table>(&panel.content)) {
    return row_height(theme) *
               static_cast<double>(std::min<std::size_t>(table->rows.size(), 400) + 1) +
           4 * u;
  }
  if (const auto* bars = std::get_if<Bars>(&panel.content)) {
    const auto n = static_cast<double>(std::max<std::size_t>(bars->bars.size(), 1));
    return std::min(n, 48.0) * 24 * u + theme.label * 2.0;
  }
  return 0;
}

}  // namespace hyena::inspect
