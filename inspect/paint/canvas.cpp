#include "inspect/paint/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <QFontMetricsF>
#include <QImage>
#include <QPaintEngine>
#include <QPainterPath>

#include "inspect/paint/fonts.h"

namespace hyena::inspect {
namespace {

/// Liang and Barsky: cuts the segment to the rectangle; false where nothing is left.
bool clip_segment(QPointF& a, QPointF& b, const QRectF& rect) {
  const double dx = b.x() - a.x(), dy = b.y() - a.y();
  double from = 0, to = 1;
  const std::array<double, 4> p{-dx, dx, -dy, dy};
  const std::array<double, 4> q{a.x() - rect.left(), rect.right() - a.x(), a.y() - rect.top(),
                                rect.bottom() - a.y()};
  for (std::size_t i = 0; i < 4; ++i) {
    if (p[i] == 0) {
      if (q[i] < 0) return false;
    } else if (const double at = q[i] / p[i]; p[i] < 0) {
      from = std::max(from, at);
    } else {
      to = std::min(to, at);
    }
  }
  if (from > to) return false;
  const QPointF start = a;
  if (to < 1) b = start + to * QPointF(dx, dy);
  if (from > 0) a = start + from * QPointF(dx, dy);
  return true;
}

}  // namespace

Canvas::Canvas(QPainter& on, const Theme& look, bool text_as_outlines)
    : painter(on), theme(look), outlines(text_as_outlines), u(look.unit) {
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setRenderHint(QPainter::TextAntialiasing, true);
  painter.setRenderHint(QPainter::LosslessImageRendering, true);
}

void Canvas::text(QPointF at, const QString& text, const QFont& font, const QColor& color,
                  Across across, Down down) {
  if (text.isEmpty()) return;
  const QFontMetricsF metrics(font);
  const double width = metrics.horizontalAdvance(text);
  if (across == Across::center) at.rx() -= width / 2;
  if (across == Across::right) at.rx() -= width;
  if (down == Down::middle) at.ry() += metrics.capHeight() / 2;
  if (down == Down::top) at.ry() += metrics.ascent();
  if (outlines) {
    QPainterPath path;
    path.addText(at, font, text);
    painter.fillPath(path, color);
    return;
  }
  painter.setFont(font);
  painter.setPen(color);
  painter.drawText(at, text);
}

void Canvas::upward_text(QPointF at, const QString& shown, const QFont& font, const QColor& color,
                         Across across) {
  painter.save();
  painter.translate(at);
  painter.rotate(-90);
  text({0, 0}, shown, font, color, across, Down::middle);
  painter.restore();
}

QPen Canvas::pen(const QColor& color, double width) const {
  return {color, width, Qt::SolidLine, Qt::FlatCap, Qt::RoundJoin};
}

QPen Canvas::dashed(const QColor& color, double width) const {
  QPen made = pen(color, width);
  // Qt counts dashes in widths of the pen.
  made.setDashPattern({4 * u / width, 3 * u / width});
  return made;
}

void Canvas::line(QPointF from, QPointF to, const QColor& color, double width) {
  QPen made = pen(color, width);
  made.setCapStyle(Qt::SquareCap);
  painter.setPen(made);
  painter.drawLine(from, to);
}

void Canvas::fill(const QRectF& rect, const QColor& color) {
  painter.fillRect(rect, color);
}

void Canvas::frame(const QRectF& rect, const QColor& color, double width) {
  QPen made = pen(color, width);
  made.setJoinStyle(Qt::MiterJoin);
  painter.setPen(made);
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(rect);
}

void Canvas::triangle(QPointF a, QPointF b, QPointF c, const QColor& color) {
  const std::array<QPointF, 3> corners{a, b, c};
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawPolygon(corners.data(), 3);
  painter.setBrush(Qt::NoBrush);
}

void Canvas::double_frame(const QRectF& rect) {
  frame(rect, Qt::black, 3 * u);
  frame(rect, Qt::white, 1 * u);
}

void Canvas::polyline(const std::vector<QPointF>& points, const QRectF& inside, const QPen& made) {
  painter.setPen(made);
  painter.setBrush(Qt::NoBrush);
  // Qt fills the outline of a whole line at once, in more than a second for some thousand points of
  // noise. Pieces that share a segment look the same; files of shapes and dashes need the line
  // whole.
  const bool pieces = painter.paintEngine()->type() == QPaintEngine::Raster &&
                      made.style() == Qt::SolidLine && made.color().alpha() == 255;
  std::vector<QPointF> run;
  const auto flush = [&] {
    const std::size_t piece = pieces ? 32 : std::max<std::size_t>(run.size(), 2);
    for (std::size_t at = 0; at + 1 < run.size(); at += piece - 2) {
      const std::size_t count = std::min(piece, run.size() - at);
      painter.drawPolyline(run.data() + at, static_cast<int>(count));
      if (at + count == run.size()) break;
    }
    run.clear();
  };
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    QPointF a = points[i], b = points[i + 1];
    const bool broken = std::isnan(a.y()) || std::isnan(b.y());
    if (broken || !clip_segment(a, b, inside)) {
      flush();
      continue;
    }
    if (run.empty() || run.back() != a) {
      flush();
      run.push_back(a);
    }
    run.push_back(b);
    if (b != points[i + 1]) flush();
  }
  flush();
}

void Canvas::image(const QRectF& rect, const QImage& shown, bool smooth) {
  painter.setRenderHint(QPainter::SmoothPixmapTransform, smooth);
  painter.drawImage(rect, shown);
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
}

}  // namespace hyena::inspect
