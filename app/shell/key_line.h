#pragma once

#include <utility>

#include <QList>
#include <QWidget>

namespace hyena::app {

/// One line of keys with what they do, above the strip.
class KeyLine : public QWidget {
  Q_OBJECT

 public:
  explicit KeyLine(QWidget* parent = nullptr);
  void set_keys(const QList<std::pair<QString, QString>>& keys);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QList<std::pair<QString, QString>> keys_;
};

}  // namespace hyena::app
