#include "app/shell/token_strip.h"

#include <algorithm>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QWheelEvent>

#include "app/look/look.h"
#include "inspect/figure/figure_text.h"

namespace hyena::app {
namespace {

constexpr double kLeft = 16, kPad = 6, kGap = 1;

}  // namespace

TokenStripWidget::TokenStripWidget(QWidget* parent) : QAbstractScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Tokens of the input"));
  viewport()->setBackgroundRole(QPalette::AlternateBase);
  setFixedHeight(56);
}

void TokenStripWidget::set_pieces(const std::vector<std::string>& pieces) {
  texts_.clear();
  for (const auto& piece : pieces) texts_ << inspect::drawable(inspect::visible_piece(piece));
  setAccessibleDescription(texts_.join(u' '));
  lay_out();
}

void TokenStripWidget::set_chosen(std::int64_t token) {
  chosen_ = token;
  viewport()->update();
}

void TokenStripWidget::lay_out() {
  ends_.clear();
  double x = kLeft;
  for (const auto& text : texts_) {
    x += std::max(14.0, inspect::text_width(mono(12), text) + 2 * kPad) + kGap;
    ends_.push_back(x);
  }
  horizontalScrollBar()->setRange(0,
                                  std::max(0, static_cast<int>(x + kLeft) - viewport()->width()));
  horizontalScrollBar()->setPageStep(viewport()->width());
  viewport()->update();
}

void TokenStripWidget::resizeEvent(QResizeEvent* /*event*/) {
  lay_out();
}

void TokenStripWidget::paintEvent(QPaintEvent* /*event*/) {
  const auto& c = colors();
  QPainter p(viewport());
  p.fillRect(viewport()->rect(), c.panel);
  const double shift = horizontalScrollBar()->value();
  double from = kLeft;
  double last_number = -100;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const QRectF box(from - shift, 18, ends_[i] - from - kGap, 22);
    from = ends_[i];
    if (box.right() < 0) continue;
    if (box.left() > viewport()->width()) break;
    p.fillRect(box, c.track);
    const bool is_chosen = chosen_ == static_cast<std::int64_t>(i);
    if (box.center().x() - last_number > 26 || is_chosen) {
      p.setFont(mono(10));
      p.setPen(c.text3);
      p.drawText(QRectF(box.center().x() - 30, 2, 60, 14), Qt::AlignCenter, QString::number(i));
      last_number = box.center().x();
    }
    p.setFont(mono(12));
    p.setPen(c.text);
    p.drawText(box, Qt::AlignCenter, texts_[static_cast<qsizetype>(i)]);
    if (is_chosen) {
      p.setPen(QPen(c.text, 2));
      p.setBrush(Qt::NoBrush);
      p.drawRect(box.adjusted(1, 1, -1, -1));
    }
  }
}

void TokenStripWidget::mousePressEvent(QMouseEvent* event) {
  const double x = event->position().x() + horizontalScrollBar()->value();
  if (x < kLeft) return;
  const auto found = std::ranges::upper_bound(ends_, x);
  if (found == ends_.end()) return;
  set_chosen(found - ends_.begin());
  Q_EMIT chosen(chosen_);
}

void TokenStripWidget::wheelEvent(QWheelEvent* event) {
  auto* bar = horizontalScrollBar();
  bar->setValue(bar->value() - (event->angleDelta().y() + event->angleDelta().x()) / 2);
  viewport()->update();
}

void TokenStripWidget::keyPressEvent(QKeyEvent* event) {
  const int by = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
  if (by == 0 || ends_.empty()) {
    QAbstractScrollArea::keyPressEvent(event);
    return;
  }
  set_chosen(
      std::clamp<std::int64_t>(chosen_ + by, 0, static_cast<std::int64_t>(ends_.size()) - 1));
  Q_EMIT chosen(chosen_);
}

}  // namespace hyena::app
