#include "app/views/limits_histogram.h"

#include <algorithm>
#include <cmath>

#include <QMouseEvent>
#include <QPainter>

#include "app/figurewidget/cursor_text.h"
#include "app/look/look.h"

namespace hyena::app {
namespace {

constexpr int kBins = 56;
constexpr double kBars = 48, kMap = 10;  // heights

}  // namespace

LimitsHistogram::LimitsHistogram(QWidget* parent) : QWidget(parent) {
  setFixedHeight(84);
  setAccessibleName(tr("Histogram of the panel's numbers"));
}

void LimitsHistogram::show_values(const inspect::Array& values,
                                  const inspect::ResolvedLimits& limits,
                                  const inspect::ColorMap& map, bool symmetric) {
  limits_ = limits;
  map_ = &map;
  symmetric_ = symmetric;
  if (dragged_ == 0) {
    const double margin = 0.15 * (limits.high - limits.low);
    from_ = limits.low - margin;
    to_ = limits.high + margin;
  }
  counts_ = inspect::histogram(values, from_, to_, kBins);
  setAccessibleDescription(
      tr("Colours from %1 to %2").arg(shown_number(limits.low), shown_number(limits.high)));
  update();
}

double LimitsHistogram::pixel_of(double value) const {
  return (value - from_) / (to_ - from_) * width();
}

void LimitsHistogram::paintEvent(QPaintEvent* /*event*/) {
  if (!map_) return;
  const auto& c = colors();
  QPainter painter(this);
  double most = 1;
  for (const auto count : counts_) most = std::max(most, std::sqrt(static_cast<double>(count)));
  const double step = static_cast<double>(width()) / kBins;
  const double low = pixel_of(limits_.low), high = pixel_of(limits_.high);
  for (int i = 0; i < kBins && i < static_cast<int>(counts_.size()); ++i) {
    // Square roots: a tall middle would hide the tails that limits are about.
    const double tall =
        std::sqrt(static_cast<double>(counts_[static_cast<std::size_t>(i)])) / most * (kBars - 4);
    const double middle = (i + 0.5) * step;
    auto color = c.text3;
    if (middle < low || middle > high) color.setAlphaF(0.4F);
    painter.fillRect(QRectF(i * step, 4 + kBars - 4 - tall, step - 1, tall), color);
  }
  for (int x = 0; x < width(); ++x) {
    const double position = (x + 0.5 - low) / std::max(1.0, high - low);
    painter.fillRect(QRectF(x, kBars + 4, 1, kMap),
                     inspect::to_qt(map_->at(std::clamp(position, 0.0, 1.0))));
  }
  painter.setPen(QPen(c.accent, 2));
  for (const double x : {low, high}) {
    painter.drawLine(QPointF(x, 2), QPointF(x, kBars + kMap + 4));
  }
  painter.setFont(sans(11));
  painter.setPen(c.text2);
  const auto number = [&](double value) {
    const auto text = shown_number(value);
    const double wide = inspect::text_width(painter.font(), text);
    const double x = std::clamp(pixel_of(value) - wide / 2, 0.0, width() - wide);
    painter.drawText(QPointF(x, kBars + kMap + 18), text);
  };
  number(limits_.low);
  number(limits_.high);
  if (limits_.low < 0 && limits_.high > 0) number(0);
}

void LimitsHistogram::mousePressEvent(QMouseEvent* event) {
  const double x = event->position().x();
  dragged_ = std::abs(x - pixel_of(limits_.low)) < std::abs(x - pixel_of(limits_.high)) ? -1 : 1;
  mouseMoveEvent(event);
}

void LimitsHistogram::mouseMoveEvent(QMouseEvent* event) {
  if (dragged_ == 0 || !map_) return;
  const double value = from_ + event->position().x() / width() * (to_ - from_);
  const double least = (to_ - from_) * 0.01;
  if (symmetric_) {
    const double end = std::max(std::abs(value), least);
    Q_EMIT ends_dragged(-end, end);
  } else if (dragged_ < 0) {
    Q_EMIT ends_dragged(std::min(value, limits_.high - least), limits_.high);
  } else {
    Q_EMIT ends_dragged(limits_.low, std::max(value, limits_.low + least));
  }
}

void LimitsHistogram::mouseReleaseEvent(QMouseEvent* event) {
  mouseMoveEvent(event);
  dragged_ = 0;
}

}  // namespace hyena::app
