#pragma once

#include <QDockWidget>

class QLabel;

namespace hyena::app {

/// A dock with our title line: what it is, of what, float and close.
class DockPanel : public QDockWidget {
  Q_OBJECT

 public:
  DockPanel(const QString& name, const QString& title, QWidget* content, QWidget* parent);
  void set_subtitle(const QString& text);

 private:
  QLabel* subtitle_;
};

}  // namespace hyena::app
