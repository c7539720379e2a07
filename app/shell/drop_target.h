#pragma once

#include <QWidget>

namespace hyena::app {

/// The start page's frame: says what may be dropped, and opens files.
class DropTarget : public QWidget {
  Q_OBJECT

 public:
  explicit DropTarget(QWidget* parent = nullptr);

 Q_SIGNALS:
  void open_asked();

 protected:
  void paintEvent(QPaintEvent* event) override;
};

}  // namespace hyena::app
