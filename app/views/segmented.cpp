#include "app/views/segmented.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>

#include "app/look/look.h"

namespace hyena::app {

Segmented::Segmented(const QStringList& names, QWidget* parent) : QWidget(parent) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(1, 1, 1, 1);
  row->setSpacing(1);
  setFixedHeight(28);
  buttons_.setExclusive(true);
  for (int i = 0; i < names.size(); ++i) {
    auto* button = new QToolButton;
    button->setText(names[i]);
    button->setAccessibleName(names[i]);
    button->setCheckable(true);
    button->setProperty("segment", true);
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    button->setFont(sans(12));
    buttons_.addButton(button, i);
    row->addWidget(button, 1);
  }
  connect(&buttons_, &QButtonGroup::idClicked, this, [this](int id) {
    update();
    Q_EMIT chosen(id);
  });
  connect(&buttons_, &QButtonGroup::idToggled, this, [this](int id, bool on) {
    buttons_.button(id)->setFont(sans(12, on ? Weight::semibold : Weight::regular));
  });
}

int Segmented::current() const {
  return buttons_.checkedId();
}

void Segmented::set_current(int index) {
  if (auto* button = buttons_.button(index)) button->setChecked(true);
  update();
}

void Segmented::set_enabled(int index, bool enabled) {
  if (auto* button = buttons_.button(index)) button->setEnabled(enabled);
}

void Segmented::paintEvent(QPaintEvent* /*event*/) {
  const auto& c = colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(c.edge, 1));
  painter.setBrush(c.edge);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
}

}  // namespace hyena::app
