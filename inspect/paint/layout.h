#pragma once

#include <cstddef>
#include <vector>

#include <QPointF>
#include <QRectF>
#include <QString>

#include "inspect/figure/limits.h"

namespace hyena::inspect {

/// Where a panel lies, in layout units, and how its pixels and its axes' units go over into each
/// other.
struct PanelLayout {
  std::size_t panel = 0;
  QRectF cell = {};       ///< all that belongs to it
  QRectF title = {};      ///< the line of its title or letter
  QRectF plot = {};       ///< inside the axes
  QRectF color_bar = {};  ///< without numbers and triangles; empty: none
  /// What can be pointed at beside cells: bars, token boxes, rows of a table, boxes; in order.
  std::vector<QRectF> items = {};
  bool thumbnail = false;
  double left = 0, right = 1, bottom = 0, top = 1;  ///< units at the edges of the plot
  Scale x_scale = Scale::linear, y_scale = Scale::linear;
  bool has_limits = false;
  ResolvedLimits limits = {};

  QPointF to_pixel(double x, double y) const;
  QPointF to_units(QPointF pixel) const;
  /// Index in items, −1: none.
  std::ptrdiff_t item_at(QPointF pixel) const;
};

struct FigureLayout {
  QRectF page = {};
  QRectF heading = {}, caption = {};  ///< empty: none
  std::vector<QString> caption_lines = {};
  std::vector<PanelLayout> panels = {};

  /// The panel whose cell the pixel lies in; −1: none.
  std::ptrdiff_t panel_at(QPointF pixel) const;
};

}  // namespace hyena::inspect
