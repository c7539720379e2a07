#pragma once

#include <vector>

#include <QColor>
#include <QImage>
#include <QPainter>
#include <QRect>

#include "inspect/figure/figure.h"
#include "inspect/paint/layout.h"

namespace hyena::inspect {

/// Curves with more points than the plot has columns of pixels, on devices made of pixels. All that
/// such a curve does within a column is one upright bar, so that is what is painted: some twenty
/// times as fast as the same line stroked by Qt. The bytes depend on nothing but the numbers.
class DenseCurves {
 public:
  /// `plot`: in layout units; the painter may scale and move, no more.
  DenseCurves(QPainter& painter, const PanelLayout& layout);

  /// Whether this curve is painted here: enough points, x never falling, a device of pixels.
  bool takes(const Curve& curve) const;
  /// `width` in layout units.
  void add(const Curve& curve, const QColor& color, double width);
  /// Paints what was added since the last time.
  void flush();

 private:
  /// What one curve covers of each column: wholly from low to high, by `share` from outer_low to
  /// outer_high, where its pen reaches a part of the column only.
  struct Bars {
    QRgb color = 0;
    int share = 0;  ///< of 255
    std::vector<float> low = {}, high = {}, outer_low = {}, outer_high = {};
  };
  void collect(const Curve& curve);
  void reach(int column, double one, double other);
  void widen(double pen, int aside, std::vector<float>& low, std::vector<float>& high) const;
  void paint_column(std::size_t column, QRgb* cells) const;

  QPainter& painter_;
  const PanelLayout& layout_;
  QTransform to_device_ = {};
  bool pixels_ = false;
  QRect area_ = {};                          ///< of the device
  double top_ = 0, bottom_ = 0;              ///< of the plot, in rows of the area
  std::vector<float> low_ = {}, high_ = {};  ///< the line's middle, of the curve under way
  std::vector<Bars> bars_ = {};
};

}  // namespace hyena::inspect
