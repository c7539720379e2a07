#pragma once

#include <QDialog>

namespace hyena::app {

/// All keys, made from the window's actions and the figures' own.
class ShortcutSheet : public QDialog {
  Q_OBJECT

 public:
  ShortcutSheet(const QWidget& window, QWidget* parent);
};

}  // namespace hyena::app
