#include "app/shell/key_line.h"

#include <QPainter>

#include "app/look/look.h"
#include "app/look/studio_style.h"

namespace hyena::app {

KeyLine::KeyLine(QWidget* parent) : QWidget(parent) {
  setFixedHeight(24);
}

void KeyLine::set_keys(const QList<std::pair<QString, QString>>& keys) {
  keys_ = keys;
  update();
}

void KeyLine::paintEvent(QPaintEvent* /*event*/) {
  const auto& c = colors();
  QPainter painter(this);
  painter.fillRect(rect(), c.base);
  painter.fillRect(QRect(0, 0, width(), 1), c.line);
  double x = 16;
  const auto font = sans(11);
  for (const auto& [key, what] : keys_) {
    const double cap = key_cap_width(key), text = inspect::text_width(font, what);
    if (x + cap + text + 8 > width()) break;
    draw_key_cap(painter, key, x + cap, height() / 2.0 + 0.5, c.text3);
    painter.setFont(font);
    painter.setPen(c.text2);
    painter.drawText(QRectF(x + cap + 6, 0, text + 2, height()), Qt::AlignVCenter, what);
    x += cap + text + 22;
  }
}

}  // namespace hyena::app
