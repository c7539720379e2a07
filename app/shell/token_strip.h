#pragma once

#include <string>
#include <vector>

#include <QAbstractScrollArea>

namespace hyena::app {

/// Tokens of a text in a row: position above, piece in a box. A click chooses one. Scrolls
/// sideways; only what is visible is painted.
class TokenStripWidget : public QAbstractScrollArea {
  Q_OBJECT

 public:
  explicit TokenStripWidget(QWidget* parent = nullptr);
  void set_pieces(const std::vector<std::string>& pieces);
  void set_chosen(std::int64_t token);

 Q_SIGNALS:
  void chosen(qint64 token);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void lay_out();

  QStringList texts_;
  std::vector<double> ends_;  ///< right end of each box
  std::int64_t chosen_ = -1;
};

}  // namespace hyena::app
