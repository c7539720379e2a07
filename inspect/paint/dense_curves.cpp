#include "inspect/paint/dense_curves.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include <QPaintEngine>

namespace hyena::inspect {
namespace {

constexpr float kNothing = std::numeric_limits<float>::infinity();
constexpr int kMargin = 8;  ///< pixels around the plot for the width of pens

/// `color` (premultiplied) times share / 255 over `below`.
QRgb over(QRgb below, QRgb color, int share) {
  const auto part = [&](int shift) {
    const int source = static_cast<int>(color >> shift & 255) * share;
    const int alpha = static_cast<int>(color >> 24) * share;
    const int under = static_cast<int>(below >> shift & 255);
    return static_cast<QRgb>((source + (under * (255 * 255 - alpha) + 127) / 255 + 127) / 255)
           << shift;
  };
  return part(24) | part(16) | part(8) | part(0);
}

}  // namespace

DenseCurves::DenseCurves(QPainter& painter, const PanelLayout& layout)
    : painter_(painter), layout_(layout), to_device_(painter.deviceTransform()) {
  pixels_ = painter.paintEngine()->type() == QPaintEngine::Raster &&
            to_device_.type() <= QTransform::TxScale && to_device_.m11() > 0 &&
            to_device_.m22() > 0;
  const QRectF plot = to_device_.mapRect(layout.plot);
  area_ = plot.toAlignedRect().adjusted(-kMargin, -kMargin, kMargin, kMargin);
  top_ = plot.top() - area_.top();
  bottom_ = plot.bottom() - area_.top();
}

bool DenseCurves::takes(const Curve& curve) const {
  // On a part of the axis only the points within count.
  if (!pixels_ || curve.y.size() < area_.width() / 2) return false;
  std::int64_t within = 0;
  for (std::int64_t i = 0; i < curve.x.size(); ++i) {
    if (i > 0 && !(curve.x[i] >= curve.x[i - 1])) return false;
    within += curve.x[i] >= layout_.left && curve.x[i] <= layout_.right ? 1 : 0;
  }
  return static_cast<double>(within) > 0.8 * area_.width();
}

void DenseCurves::reach(int column, double one, double other) {
  if (column < 0 || column >= area_.width()) return;
  if (one > other) std::swap(one, other);
  if (other < top_ || one > bottom_) return;
  const auto i = static_cast<std::size_t>(column);
  low_[i] = std::min(low_[i], static_cast<float>(std::max(one, top_)));
  high_[i] = std::max(high_[i], static_cast<float>(std::min(other, bottom_)));
}

void DenseCurves::collect(const Curve& curve) {
  const auto columns = static_cast<std::size_t>(area_.width());
  low_.assign(columns, kNothing);
  high_.assign(columns, -kNothing);
  const QRectF plot = to_device_.mapRect(layout_.plot).translated(-area_.topLeft());
  const int first = static_cast<int>(plot.left()), last = static_cast<int>(plot.right());
  const bool linear = layout_.x_scale == Scale::linear && layout_.y_scale == Scale::linear;
  const double x_step = plot.width() / (layout_.right - layout_.left);
  const double y_step = -plot.height() / (layout_.top - layout_.bottom);
  const auto place = [&](std::int64_t i) {
    const double x = curve.x[i], y = curve.y[i];
    if (linear) {
      return QPointF(plot.left() + (x - layout_.left) * x_step,
                     plot.bottom() + (y - layout_.bottom) * y_step);
    }
    return to_device_.map(layout_.to_pixel(x, y)) - area_.topLeft();
  };
  const auto column_of = [&](double x) {
    return static_cast<int>(std::floor(std::clamp(x, -2.0, area_.width() + 2.0)));
  };
  QPointF before = place(0);
  int before_column = column_of(before.x());
  for (std::int64_t i = 1; i < curve.x.size(); ++i) {
    const QPointF now = place(i);
    const int column = column_of(now.x());
    if (!std::isnan(before.y()) && !std::isnan(now.y()) && column >= first &&
        before_column <= last) {
      if (column == before_column) {
        reach(column, before.y(), now.y());
      } else {
        const double slope = (now.y() - before.y()) / (now.x() - before.x());
        double from = before.y();
        for (int c = before_column; c < column; ++c) {
          const double edge = before.y() + (c + 1 - before.x()) * slope;
          if (c >= first) reach(c, from, edge);
          from = edge;
        }
        if (column <= last) reach(column, from, now.y());
      }
    }
    before = now;
    before_column = column;
  }
}

void DenseCurves::widen(double pen, int aside, std::vector<float>& low,
                        std::vector<float>& high) const {
  const int n = area_.width();
  low = low_;
  high = high_;
  for (int i = 0; i < n; ++i) {
    const auto to = static_cast<std::size_t>(i);
    for (int from = std::max(0, i - aside); from <= std::min(n - 1, i + aside); ++from) {
      low[to] = std::min(low[to], low_[static_cast<std::size_t>(from)]);
      high[to] = std::max(high[to], high_[static_cast<std::size_t>(from)]);
    }
  }
  const auto half = static_cast<float>(pen / 2);
  for (std::size_t i = 0; i < low.size(); ++i) {
    low[i] = std::max(low[i] - half, 0.0F);
    high[i] = std::min(high[i] + half, static_cast<float>(area_.height()));
  }
}

void DenseCurves::add(const Curve& curve, const QColor& color, double width) {
  collect(curve);
  const double pen = std::clamp(width * to_device_.m22(), 1.0, 2.0 * kMargin - 2);
  const double aside = (pen - 1) / 2;
  Bars made;
  made.color = qPremultiply(color.rgba());
  made.share = static_cast<int>(std::lround(255 * (aside - std::floor(aside))));
  widen(pen, static_cast<int>(aside), made.low, made.high);
  if (made.share > 4) {
    widen(pen, static_cast<int>(aside) + 1, made.outer_low, made.outer_high);
  }
  bars_.push_back(std::move(made));
}

void DenseCurves::paint_column(std::size_t column, QRgb* cells) const {
  const int rows = area_.height();
  const auto bar = [&](double from, double to, QRgb color, int share) {
    const int whole = static_cast<int>(std::ceil(from)), end = static_cast<int>(std::floor(to));
    const auto partly = [&](int row, double covered) {
      const int part = static_cast<int>(std::lround(covered * share));
      if (row >= 0 && row < rows && part > 0) cells[row] = over(cells[row], color, part);
    };
    if (!(from < to)) return;
    if (end < whole) {  // within one row
      partly(end, to - from);
      return;
    }
    partly(whole - 1, whole - from);
    if (share == 255 && color >> 24 == 255) {
      std::fill(cells + whole, cells + end, color);
    } else {
      for (int row = whole; row < end; ++row) cells[row] = over(cells[row], color, share);
    }
    partly(end, to - end);
  };
  for (const Bars& one : bars_) {
    const float low = one.low[column], high = one.high[column];
    if (!one.outer_low.empty()) {
      const float outer_low = one.outer_low[column], outer_high = one.outer_high[column];
      if (low < high) {
        bar(outer_low, low, one.color, one.share);
        bar(high, outer_high, one.color, one.share);
      } else {
        bar(outer_low, outer_high, one.color, one.share);
      }
    }
    bar(low, high, one.color, 255);
  }
}

void DenseCurves::flush() {
  if (bars_.empty()) return;
  const int columns = area_.width(), rows = area_.height();
  QImage image(columns, rows, QImage::Format_ARGB32_Premultiplied);
  std::vector<QRgb*> lines;
  for (int row = 0; row < rows; ++row) {
    lines.push_back(reinterpret_cast<QRgb*>(image.scanLine(row)));
  }
  // All curves of a few columns, so that their cells stay in the cache.
  constexpr int kColumns = 16;
  std::vector<QRgb> cells;
  const auto high = static_cast<std::size_t>(rows);
  for (int left = 0; left < columns; left += kColumns) {
    cells.assign(kColumns * high, 0);
    const int count = std::min(kColumns, columns - left);
    for (int i = 0; i < count; ++i) {
      paint_column(static_cast<std::size_t>(left + i),
                   cells.data() + static_cast<std::size_t>(i) * high);
    }
    for (std::size_t row = 0; row < high; ++row) {
      for (int i = 0; i < count; ++i) {
        lines[row][left + i] = cells[static_cast<std::size_t>(i) * high + row];
      }
    }
  }
  bars_.clear();
  painter_.save();
  painter_.resetTransform();
  // What is left is the window's own shift and scale.
  const QTransform rest = painter_.deviceTransform();
  painter_.drawImage(rest.inverted().mapRect(QRectF(area_)), image);
  painter_.restore();
}

}  // namespace hyena::inspect
