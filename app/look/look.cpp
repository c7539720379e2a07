#include "app/look/look.h"

#include <QApplication>
#include <QPalette>
#include <QToolTip>

#include "app/look/studio_style.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

Look& Look::instance() {
  static Look look;
  return look;
}

// Qt 6.4 cannot ask the desktop: the palette it gives before ours is its word.
Look::Look() : system_is_dark_(QApplication::palette().color(QPalette::Window).lightness() < 128) {}

void Look::apply(Mode mode) {
  mode_ = mode;
  const bool dark = mode == Mode::dark || (mode == Mode::system && system_is_dark_);
  colors_ = dark ? &dark_colors() : &light_colors();
  if (qobject_cast<StudioStyle*>(QApplication::style()) == nullptr) {
    QApplication::setStyle(new StudioStyle);
  }
  QApplication::setPalette(palette_of(*colors_));
  QApplication::setFont(sans(13));
  QToolTip::setFont(sans(12));
  QToolTip::setPalette(palette_of(*colors_));
  // The few parts that no style can reach.
  qApp->setStyleSheet(
      u"QMainWindow::separator { background: %1; width: 1; height: 1; }"
      "QStatusBar::item { border: none; }"_s.arg(colors_->line.name()));
  Q_EMIT changed();
}

const inspect::Theme& Look::theme() const {
  return inspect::find_theme(colors_->dark ? "dark" : "light");
}

QString Look::name_of(Mode mode) {
  return mode == Mode::dark ? u"dark"_s : mode == Mode::light ? u"light"_s : u"system"_s;
}

Look::Mode Look::mode_of(const QString& name) {
  return name == "dark"_L1 ? Mode::dark : name == "light"_L1 ? Mode::light : Mode::system;
}

}  // namespace hyena::app
