#include "inspect/paint/layout.h"

#include <cmath>

namespace hyena::inspect {
namespace {

double share(double value, double from, double to, Scale scale) {
  if (scale == Scale::log) {
    if (!(value > 0)) return -1e3;  // far below every plot
    return std::log(value / from) / std::log(to / from);
  }
  return (value - from) / (to - from);
}

double mixed(double share, double from, double to, Scale scale) {
  if (scale == Scale::log) return from * std::pow(to / from, share);
  return from + share * (to - from);
}

}  // namespace

QPointF PanelLayout::to_pixel(double x, double y) const {
  return {plot.left() + share(x, left, right, x_scale) * plot.width(),
          plot.bottom() - share(y, bottom, top, y_scale) * plot.height()};
}

QPointF PanelLayout::to_units(QPointF pixel) const {
  return {mixed((pixel.x() - plot.left()) / plot.width(), left, right, x_scale),
          mixed((plot.bottom() - pixel.y()) / plot.height(), bottom, top, y_scale)};
}

std::ptrdiff_t PanelLayout::item_at(QPointF pixel) const {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].contains(pixel)) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

std::ptrdiff_t FigureLayout::panel_at(QPointF pixel) const {
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (panels[i].cell.contains(pixel)) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

}  // namespace hyena::inspect
