#pragma once

#include <QAbstractButton>

#include "app/settings/settings.h"

namespace hyena::app {

/// One recent file: its key, what it is, when it was open last.
class RecentRow : public QAbstractButton {
  Q_OBJECT

 public:
  RecentRow(const RecentFile& file, int number, QWidget* parent = nullptr);
  /// Places of the columns, for the head above: the left or right ends in a row of this width.
  static void paint_head(QPainter& painter, const QRect& rect);
  QSize sizeHint() const override { return {600, 32}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  RecentFile file_;
  int number_;
};

/// A sample model: a small picture, what it is, or how to get it.
class SampleCard : public QAbstractButton {
  Q_OBJECT

 public:
  struct Sample {
    QString title = {}, line = {}, hint = {};
    QString path = {};
    bool here = false;
    const char* glyph = "";
  };
  explicit SampleCard(const Sample& sample, QWidget* parent = nullptr);
  QSize sizeHint() const override { return {300, 88}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Sample sample_;
};

}  // namespace hyena::app
