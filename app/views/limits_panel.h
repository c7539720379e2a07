#pragma once

#include <QWidget>

#include "app/figurewidget/figure_widget.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace hyena::app {

class LimitsHistogram;
class Segmented;

/// How the focused panel of a figure is coloured: a histogram of its numbers with the two ends,
/// the policy that finds them, the map; reset, copy, paste.
class LimitsPanel : public QWidget {
  Q_OBJECT

 public:
  explicit LimitsPanel(QWidget* parent = nullptr);

  void show_figure(FigureWidget* widget);
  void refresh();
  void next_map();
  void reset();

 private:
  void change(const std::function<void(ColorChoice&)>& change);
  void copy();
  void paste();

  FigureWidget* widget_ = nullptr;
  LimitsHistogram* histogram_;
  QComboBox *policy_, *map_;
  QLabel *counts_, *scope_;
  QPushButton *reset_, *copy_, *paste_;
  QWidget* body_;
  QLabel* none_;
};

}  // namespace hyena::app
