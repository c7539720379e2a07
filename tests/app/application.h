#pragma once

#include <QApplication>

#include "app/look/look.h"

namespace hyena::tests {

/// The one application object of a test program.
inline QApplication& application() {
  static int argc = 1;
  static char name[] = "test";
  static char* argv[] = {name, nullptr};
  // Never destroyed: fonts and styles that outlive main() still point to it.
  static QApplication& made = *new QApplication(argc, argv);
  static const bool dressed = [] {
    app::Look::instance().apply(app::Look::Mode::light);
    return true;
  }();
  static_cast<void>(dressed);
  return made;
}

}  // namespace hyena::tests
