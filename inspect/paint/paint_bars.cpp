#include <algorithm>
#include <cmath>

#include "inspect/figure/figure_text.h"
#include "inspect/figure/ticks.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {

std::vector<QRectF> bar_items(const Bars& bars, const Theme& theme, const QRectF& plot) {
  std::vector<QRectF> items;
  const auto n = static_cast<double>(std::max<std::size_t>(bars.bars.size(), 1));
  const double row = std::min(24 * theme.unit, plot.height() / n);
  for (std::size_t i = 0; i < bars.bars.size(); ++i) {
    items.emplace_back(plot.left(), plot.top() + static_cast<double>(i) * row, plot.width(), row);
  }
  return items;
}

void paint_bars(Canvas& canvas, const Bars& bars, const Panel& panel, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const double u = canvas.u;
  const QFont plain = sans(theme.label), strong = sans(theme.label, Weight::semibold);
  const bool two = !bars.second_name.empty();
  const auto zero = layout.to_pixel(std::clamp(0.0, layout.left, layout.right), 0).x();
  const auto bar = [&](double value, double top, double height, const QColor& color) {
    const double x = layout.to_pixel(std::clamp(value, layout.left, layout.right), 0).x();
    canvas.fill(QRectF(QPointF(std::min(x, zero), top), QPointF(std::max(x, zero), top + height)),
                color);
    return std::max(x, zero);
  };
  double bottom = layout.plot.top();
  // Rows lower than the names: every second, third … is named.
  const double row = layout.items.empty() ? 1 : layout.items[0].height();
  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(theme.label * 1.1 / row)));
  for (std::size_t i = 0; i < bars.bars.size(); ++i) {
    const Bar& one = bars.bars[i];
    const QRectF& item = layout.items[i];
    const double height = item.height() * (two ? 0.38 : 0.62);
    const double top = two ? item.top() + item.height() * 0.1 : item.center().y() - height / 2;
    const QColor color = one.focus ? theme.text : theme.accent;
    double end = bar(one.value, top, height, color);
    if (two) end = std::max(end, bar(one.second, top + height, height, theme.accent_2));
    bottom = item.bottom();
    if (i % every != 0) continue;
    const QFont& font = one.focus ? strong : plain;
    const double room = layout.plot.left() - layout.cell.left() - 8 * u;
    canvas.text({layout.plot.left() - 8 * u, item.center().y()},
                elided(font, drawable(one.name), room), font, theme.text, Across::right,
                Down::middle);
    canvas.text({end + 6 * u, item.center().y()}, drawable(number_text(one.value, 3)), font,
                theme.text2, Across::left, Down::middle);
  }
  canvas.line({zero, layout.plot.top()}, {zero, bottom}, theme.text3, theme.axis);
  double x = layout.plot.left();
  const double y = bottom + theme.label * 0.9 + 3 * u;
  if (two) {
    for (const bool second : {false, true}) {
      const QString name = drawable(second ? bars.second_name : bars.first_name);
      canvas.fill({x, y - 4 * u, 12 * u, 8 * u}, second ? theme.accent_2 : theme.accent);
      canvas.text({x + 17 * u, y}, name, plain, theme.text2, Across::left, Down::middle);
      x += 17 * u + text_width(plain, name) + 16 * u;
    }
  } else {
    canvas.text({x, y}, drawable(axis_text(panel.x)), sans(theme.label, Weight::medium),
                theme.text2, Across::left, Down::middle);
  }
}

std::vector<QRectF> box_items(const Boxes& boxes, const PanelLayout& layout) {
  std::vector<QRectF> items;
  for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
    const Box& box = boxes.boxes[i];
    const auto middle = static_cast<double>(i);
    const QPointF top_left = layout.to_pixel(middle - 0.3, box.high);
    const QPointF bottom_right = layout.to_pixel(middle + 0.3, box.low);
    items.push_back(QRectF(top_left, bottom_right).normalized());
  }
  return items;
}

void paint_boxes(Canvas& canvas, const Boxes& boxes, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const QRectF& plot = layout.plot;
  const auto height = [&](double value) {
    return std::clamp(layout.to_pixel(layout.left, value).y(), plot.top(), plot.bottom());
  };
  if (layout.y_scale == Scale::linear && layout.bottom < 0 && layout.top > 0) {
    canvas.line({plot.left(), height(0)}, {plot.right(), height(0)}, theme.line, theme.axis * 0.75);
  }
  QColor fill = theme.accent_2;
  for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
    const Box& box = boxes.boxes[i];
    const QRectF& item = layout.items[i];
    const double x = item.center().x();
    if (x < plot.left() || x > plot.right()) continue;
    canvas.line({x, height(box.low)}, {x, height(box.high)}, theme.text3, theme.axis);
    for (const double end : {box.low, box.high}) {
      canvas.line({x - item.width() / 4, height(end)}, {x + item.width() / 4, height(end)},
                  theme.text3, theme.axis);
    }
    const QRectF body(QPointF(item.left(), height(box.three_quarters)),
                      QPointF(item.right(), height(box.quarter)));
    canvas.fill(body, fill);
    canvas.frame(body, theme.text3, theme.axis);
    canvas.line({item.left(), height(box.median)}, {item.right(), height(box.median)}, theme.text,
                theme.focus);
  }
}

}  // namespace hyena::inspect
