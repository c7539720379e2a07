// What a FigureWidget paints: its figure, the cursor over it, and its states.
#include <QPaintEvent>
#include <QPainter>

#include "app/figurewidget/figure_widget.h"
#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

constexpr double kStale = 0.38;

/// A small framed box with two lines of text beside `at`, inside `area`.
void read_out(QPainter& painter, QPointF at, const QRectF& area, const QString& first,
              const QString& second) {
  const auto& c = colors();
  const auto bold = sans(12, Weight::semibold), plain = sans(12);
  const double width =
      std::max(inspect::text_width(bold, first), inspect::text_width(plain, second)) + 16;
  const double height = second.isEmpty() ? 24 : 40;
  QRectF box(at.x() + 12, at.y() + 14, width, height);
  if (box.right() > area.right()) box.moveRight(at.x() - 12);
  if (box.bottom() > area.bottom()) box.moveBottom(at.y() - 10);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(c.edge, 1));
  painter.setBrush(c.raised);
  painter.drawRoundedRect(box.translated(0.5, 0.5), 4, 4);
  painter.setPen(c.text);
  painter.setFont(bold);
  painter.drawText(QRectF(box.left() + 8, box.top() + 3, width, 18), Qt::AlignVCenter, first);
  painter.setPen(c.text2);
  painter.setFont(plain);
  painter.drawText(QRectF(box.left() + 8, box.top() + 20, width, 16), Qt::AlignVCenter, second);
}

}  // namespace

void FigureWidget::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.fillRect(rect(), Look::instance().theme().page);
  if (error_) {
    paint_error(painter);
    return;
  }
  if (!painter_) {
    busy_ ? (loading_shown_ ? paint_loading(painter) : void()) : paint_empty(painter);
    return;
  }
  paint_figure(painter);
  if (stale()) {
    if (loading_shown_) {
      read_out(painter, QPointF(8, 2), rect(), tr("old, updating …"),
               progress_.total > 0 ? tr("%1 %2 of %3")
                                         .arg(QString::fromStdString(progress_.step))
                                         .arg(progress_.done)
                                         .arg(progress_.total)
                                   : QString());
    }
  } else {
    paint_cursor(painter);
  }
}

void FigureWidget::paint_figure(QPainter& painter) {
  painter.save();
  painter_->paint(painter, layout_);
  painter.restore();
  if (stale()) {
    auto veil = Look::instance().theme().page;
    veil.setAlphaF(static_cast<float>(1 - kStale));
    painter.fillRect(rect(), veil);
  }
}

void FigureWidget::paint_cursor(QPainter& painter) const {
  const auto at = locked_ ? locked_ : mouse_;
  if (!at) return;
  const auto* panel = panel_at(*at);
  if (!panel || (cursor_.place.isEmpty() && !locked_)) return;
  const auto& c = colors();
  const bool along_x = zoom_.can_zoom(panel->panel) && panel->plot.contains(*at);
  if (along_x) {
    const double x = panel->to_units(*at).x();
    painter.setPen(QPen(c.accent, 1));
    for (const auto& other : layout_.panels) {
      if (!zoom_.linked(panel->panel, other.panel)) continue;
      const double pixel = std::round(other.to_pixel(x, 0).x()) + 0.5;
      if (pixel < other.plot.left() || pixel > other.plot.right()) continue;
      painter.drawLine(QPointF(pixel, other.plot.top()), QPointF(pixel, other.plot.bottom()));
    }
  }
  const auto facts = locked_ ? cursor_facts(colored_.panels[panel->panel], *panel, *at) : cursor_;
  if (facts.has_point) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(c.text, 1.5));
    painter.setBrush(c.base);
    painter.drawEllipse(facts.point, 3.5, 3.5);
  }
  if (!facts.place.isEmpty()) {
    read_out(painter, facts.has_point ? facts.point : *at, rect(), facts.place, facts.value);
  }
}

void FigureWidget::paint_loading(QPainter& painter) const {
  const auto& c = colors();
  const QPointF middle = QRectF(rect()).center();
  const auto step = progress_.step.empty() ? tr("waiting")
                    : progress_.total > 0  ? tr("%1 %2 of %3")
                                                .arg(QString::fromStdString(progress_.step))
                                                .arg(progress_.done)
                                                .arg(progress_.total)
                                          : QString::fromStdString(progress_.step);
  painter.setPen(c.text2);
  painter.setFont(sans(13));
  painter.drawText(QRectF(0, middle.y() - 36, width(), 20), Qt::AlignCenter, step);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  QRectF bar(middle.x() - 80, middle.y() - 2, 160, 4);
  painter.setBrush(c.track);
  painter.drawRoundedRect(bar, 2, 2);
  if (progress_.total > 0) {
    bar.setWidth(bar.width() * static_cast<double>(progress_.done) /
                 static_cast<double>(progress_.total));
    painter.setBrush(c.accent);
    if (bar.width() > 0) painter.drawRoundedRect(bar, 2, 2);
  }
  painter.setPen(c.text3);
  painter.setFont(sans(12));
  painter.drawText(QRectF(0, middle.y() + 16, width(), 20), Qt::AlignCenter, tr("Esc cancels"));
}

void FigureWidget::paint_empty(QPainter& painter) const {
  const auto& c = colors();
  const double y = height() / 2.0;
  painter.setPen(c.text2);
  painter.setFont(sans(13));
  painter.drawText(QRectF(24, y - 44, width() - 48, 42),
                   Qt::AlignHCenter | Qt::AlignBottom | Qt::TextWordWrap, empty_sentence_);
  painter.setPen(c.text3);
  painter.drawText(QRectF(24, y + 4, width() - 48, 42),
                   Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, empty_hint_);
}

void FigureWidget::paint_error(QPainter& painter) const {
  const auto& c = colors();
  const QRectF page(16, 16, width() - 32, 108);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(c.error_page);
  painter.drawRoundedRect(page, 4, 4);
  const auto line = page.adjusted(16, 12, -16, -12);
  painter.setPen(c.error);
  painter.setFont(sans(13, Weight::semibold));
  painter.drawText(line, Qt::AlignLeft | Qt::AlignTop, tr("This view could not be drawn"));
  painter.setPen(c.text);
  painter.setFont(sans(13));
  painter.drawText(line.adjusted(0, 22, 0, -20), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap,
                   QString::fromStdString(error_->sentence));
  painter.setPen(c.text2);
  painter.setFont(sans(12));
  painter.drawText(line, Qt::AlignLeft | Qt::AlignBottom,
                   tr("The model and other views are untouched. Click for the details."));
}

}  // namespace hyena::app
