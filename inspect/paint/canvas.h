#pragma once

#include <vector>

#include <QColor>
#include <QFont>
#include <QPainter>
#include <QPen>
#include <QPointF>
#include <QRectF>
#include <QString>

#include "inspect/paint/theme.h"

namespace hyena::inspect {

enum class Across { left, center, right };
enum class Down { top, middle, baseline };

/// A painter in layout units, with the theme and the few shapes that all panels share. What is
/// painted here stays inside the rectangles it is given by arithmetic, not by clipping: Qt's SVG
/// writer knows no clip.
class Canvas {
 public:
  /// `outlines`: text as filled shapes, for files that are opened where the fonts are not.
  Canvas(QPainter& on, const Theme& look, bool text_as_outlines = false);

  QPainter& painter;
  const Theme& theme;
  const bool outlines;
  const double u;  ///< theme.unit

  /// Draws the text at (x, y) of the anchor; the middle is that of capital letters.
  void text(QPointF at, const QString& text, const QFont& font, const QColor& color,
            Across across = Across::left, Down down = Down::baseline);
  /// Reading upwards; `at` is its middle (or, with Across::right, its end).
  void upward_text(QPointF at, const QString& text, const QFont& font, const QColor& color,
                   Across across = Across::center);
  void line(QPointF from, QPointF to, const QColor& color, double width);
  void fill(const QRectF& rect, const QColor& color);
  void frame(const QRectF& rect, const QColor& color, double width);
  void triangle(QPointF a, QPointF b, QPointF c, const QColor& color);
  /// Black around white, for marks on any colour.
  void double_frame(const QRectF& rect);
  /// The pieces of the polyline that lie inside the rectangle.
  void polyline(const std::vector<QPointF>& points, const QRectF& inside, const QPen& pen);
  /// An image over the rectangle, cells kept sharp unless `smooth`.
  void image(const QRectF& rect, const QImage& image, bool smooth);

  QPen pen(const QColor& color, double width) const;
  QPen dashed(const QColor& color, double width) const;  ///< 4-3
};

}  // namespace hyena::inspect
