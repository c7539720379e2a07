#pragma once

#include <QWidget>

#include "inspect/figure/figure.h"

class QPlainTextEdit;
class QStackedWidget;
class QTableView;

namespace hyena::app {

/// A page of text or of rows: model card, tensor list.
class TextPage : public QWidget {
  Q_OBJECT

 public:
  TextPage(const QString& title, const QString& subtitle, QWidget* parent = nullptr);
  void set_text(const QString& text);
  void set_table(const inspect::Table& table);
  QString text() const;
  int rows() const;

 private:
  QStackedWidget* stack_;
  QPlainTextEdit* text_;
  QTableView* table_;
};

}  // namespace hyena::app
