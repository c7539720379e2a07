#include "app/shell/drop_target.h"

#include <cmath>

#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/look/icons.h"
#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

DropTarget::DropTarget(QWidget* parent) : QWidget(parent) {
  setFixedHeight(244);
  auto* page = new QVBoxLayout(this);
  page->setContentsMargins(24, 112, 24, 32);
  page->setSpacing(6);
  auto* first = new QLabel(tr("Drop a model, a picture or a text here"));
  first->setFont(sans(15, Weight::semibold));
  first->setAlignment(Qt::AlignCenter);
  page->addWidget(first);
  auto* second = new QLabel(tr(".safetensors · .pt · model folder · .jpg .png · .txt"));
  second->setFont(sans(12));
  second->setForegroundRole(QPalette::PlaceholderText);
  second->setAlignment(Qt::AlignCenter);
  page->addWidget(second);
  page->addStretch(1);
  auto* open = new QPushButton(icon("open"), tr("Open model …"));
  open->setProperty("primary", true);
  open->setProperty("key", u"Ctrl O"_s);
  page->addWidget(open, 0, Qt::AlignCenter);
  connect(open, &QPushButton::clicked, this, &DropTarget::open_asked);
}

void DropTarget::paintEvent(QPaintEvent* /*event*/) {
  const auto& c = colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(c.edge, 1, Qt::DashLine));
  painter.setBrush(c.base);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  // A damped wave in its window: what a long filter looks like.
  const QRectF area(width() / 2.0 - 100, 40, 200, 60);
  QPainterPath wave, upper, lower;
  for (int i = 0; i <= 200; ++i) {
    const double decay = std::exp(-i / 62.0), x = area.left() + i;
    const double h = decay * std::cos(i / 6.4);
    const auto to = [&](double value) { return QPointF(x, area.center().y() - value * 28); };
    for (auto [path, value] : {std::pair{&wave, h}, {&upper, decay}, {&lower, -decay}}) {
      i == 0 ? path->moveTo(to(value)) : path->lineTo(to(value));
    }
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(c.text3, 1, Qt::DashLine));
  painter.drawPath(upper);
  painter.drawPath(lower);
  painter.setPen(QPen(c.accent, 2));
  painter.drawPath(wave);
}

}  // namespace hyena::app
