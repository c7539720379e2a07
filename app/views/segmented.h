#pragma once

#include <QButtonGroup>
#include <QStringList>
#include <QWidget>

namespace hyena::app {

/// Two or three choices in one frame, one of them chosen. Left and right move.
class Segmented : public QWidget {
  Q_OBJECT

 public:
  explicit Segmented(const QStringList& names, QWidget* parent = nullptr);

  int current() const;
  void set_current(int index);
  void set_enabled(int index, bool enabled);

 Q_SIGNALS:
  void chosen(int index);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QButtonGroup buttons_;
};

}  // namespace hyena::app
