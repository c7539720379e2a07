#pragma once

#include <QWidget>

#include "inspect/figure/color_maps.h"
#include "inspect/figure/limits.h"

namespace hyena::app {

/// Counts of a panel's numbers over the colours that they get; the ends can be dragged.
class LimitsHistogram : public QWidget {
  Q_OBJECT

 public:
  explicit LimitsHistogram(QWidget* parent = nullptr);

  void show_values(const inspect::Array& values, const inspect::ResolvedLimits& limits,
                   const inspect::ColorMap& map, bool symmetric);

 Q_SIGNALS:
  void ends_dragged(double low, double high);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  double pixel_of(double value) const;

  std::vector<std::int64_t> counts_;
  inspect::ResolvedLimits limits_;
  const inspect::ColorMap* map_ = nullptr;
  double from_ = 0, to_ = 1;
  bool symmetric_ = false;
  int dragged_ = 0;  ///< −1 the low end, 1 the high one
};

}  // namespace hyena::app
