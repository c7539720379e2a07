#include <algorithm>
#include <cmath>

#include <QImage>

#include "inspect/paint/axes.h"
#include "inspect/paint/fonts.h"

namespace hyena::inspect {

std::vector<Tick> color_bar_ticks(const ColorRule& rule, const ResolvedLimits& limits) {
  if (rule.quantity == Quantity::phase && std::abs(limits.high - 3.14159265) < 1e-3 &&
      std::abs(limits.low + limits.high) < 1e-3) {
    return {{limits.low, "\u2212π"}, {0, "0"}, {limits.high, "π"}};
  }
  const Range range{limits.low, limits.high};
  // Where zero is the middle, the ends are told as they are: they are what a reader asks for.
  if (limits.low == -limits.high) {
    return {{limits.low, number_text(limits.low, 2)},
            {0, "0"},
            {limits.high, number_text(limits.high, 2)}};
  }
  auto found = ticks({}, range, 5);
  if (found.size() < 3) found = ticks({}, range, 6);
  return found;
}

void paint_color_bar(Canvas& canvas, const ColorRule& rule, const PanelLayout& layout,
                     bool over_picture) {
  const Theme& theme = canvas.theme;
  const double u = canvas.u;
  const QRectF& bar = layout.color_bar;
  const ColorMap& map = color_map_for(rule, theme.dark, over_picture);
  // Several pixels wide: some viewers of SVG smooth a line of pixels into its surroundings.
  QImage strip(16, 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) {
    const QRgb color = to_qt(map.colors[static_cast<std::size_t>(i)]).rgb();
    for (int x = 0; x < 16; ++x) strip.setPixel(x, 255 - i, color);
  }
  canvas.image(bar, strip, false);
  canvas.frame(bar, theme.text3, theme.axis * 0.75);
  const double reach = 7 * u, away = 2 * u;
  const auto outlined = [&](QPointF a, QPointF b, QPointF c, Color color) {
    canvas.triangle(a, b, c, to_qt(color));
    for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, c}, std::pair{c, a}}) {
      canvas.line(from, to, theme.text3, theme.axis * 0.6);
    }
  };
  if (layout.limits.above > 0) {
    const double y = bar.top() - away;
    outlined({bar.left(), y}, {bar.right(), y}, {bar.center().x(), y - reach}, map.colors.back());
  }
  if (layout.limits.below > 0) {
    const double y = bar.bottom() + away;
    outlined({bar.left(), y}, {bar.right(), y}, {bar.center().x(), y + reach}, map.colors.front());
  }
  const QFont font = sans(theme.label);
  const QColor& words = theme.print ? theme.text : theme.text2;
  for (const auto& tick : color_bar_ticks(rule, layout.limits)) {
    const double y = bar.bottom() - layout.limits.position(tick.value) * bar.height();
    canvas.line({bar.right(), y}, {bar.right() + 4 * u, y}, theme.text3, theme.axis);
    canvas.text({bar.right() + 7 * u, y}, drawable(tick.label), font, words, Across::left,
                Down::middle);
  }
  canvas.text({bar.left(), bar.top() - (layout.limits.above > 0 ? 13 : 6) * u},
              drawable(rule.title), sans(theme.label, Weight::medium), words);
}

}  // namespace hyena::inspect
