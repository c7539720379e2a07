#include <algorithm>
#include <cmath>

#include "inspect/figure/color_maps.h"
#include "inspect/figure/figure_text.h"
#include "inspect/figure/ticks.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

QString piece_text(const std::string& piece, const QFont& font, double width) {
  return elided(font, drawable(visible_piece(piece)), width);
}

QString value_text(const TokenStrip& strip, std::size_t i) {
  const auto at = static_cast<std::int64_t>(i);
  if (at >= strip.values.size()) return {};
  const double value = strip.values[at];
  if (std::isnan(value)) return QStringLiteral("–");
  const double size = std::abs(value);
  return drawable(size >= 100                 ? number_text(value, 3)
                  : size >= 0.1 || value == 0 ? decimal_text(value, 1)
                                              : number_text(value, 1));
}

}  // namespace

std::vector<QRectF> token_items(const TokenStrip& strip, const Theme& theme, const QRectF& plot) {
  const double u = theme.unit, box = theme.mono * 1.65,
               row = box + 2 * theme.mono_small * 1.35 + 8 * u;
  const QFont font = mono(theme.mono), small = mono(theme.mono_small);
  std::vector<QRectF> items;
  double x = plot.left(), y = plot.top() + theme.mono_small * 1.35;
  for (std::size_t i = 0; i < strip.pieces.size(); ++i) {
    const QString piece = piece_text(strip.pieces[i], font, plot.width() - 12 * u);
    double width =
        std::max(text_width(font, piece) + 10 * u, text_width(small, value_text(strip, i)) + 4 * u);
    width = std::max(std::ceil(width / u) * u, text_width(small, QString::number(i)) + 4 * u);
    if (x > plot.left() && x + width > plot.right()) {
      x = plot.left();
      y += row;
    }
    items.emplace_back(x, y, width, box);
    x += width + 2 * u;
    // A line's end in the text is one in the picture.
    if (strip.pieces[i].ends_with('\n')) x = plot.right() + 1;
  }
  return items;
}

void paint_tokens(Canvas& canvas, const TokenStrip& strip, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const double u = canvas.u;
  const QFont font = mono(theme.mono), small = mono(theme.mono_small);
  const ColorMap& map = color_map_for(strip.color, theme.dark);
  for (std::size_t i = 0; i < layout.items.size(); ++i) {
    const QRectF& box = layout.items[i];
    const auto at = static_cast<std::int64_t>(i);
    const bool known = at < strip.values.size() && std::isfinite(strip.values[at]);
    QColor back = theme.track, ink = theme.text;
    if (known) {
      const Color color = map.at(layout.limits.position(strip.values[at]));
      back = to_qt(color);
      ink = to_qt(text_on(color));
    }
    canvas.fill(box, back);
    // Where the colour fades into the page, an edge keeps the box.
    canvas.frame(box.adjusted(0.5 * u, 0.5 * u, -0.5 * u, -0.5 * u), theme.line, 0.75 * u);
    const QString piece = piece_text(strip.pieces[i], font, layout.plot.width() - 12 * u);
    canvas.text({box.center().x(), box.center().y()}, piece, font, ink, Across::center,
                Down::middle);
    canvas.text({box.center().x(), box.top() - 4 * u}, QString::number(i), small, theme.text3,
                Across::center);
    canvas.text({box.center().x(), box.bottom() + 3 * u}, value_text(strip, i), small, theme.text2,
                Across::center, Down::top);
  }
  for (const std::int64_t mark : strip.marks) {
    if (mark >= 0 && mark < static_cast<std::int64_t>(layout.items.size())) {
      canvas.double_frame(layout.items[static_cast<std::size_t>(mark)]);
    }
  }
}

}  // namespace hyena::inspect
