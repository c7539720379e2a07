#pragma once

#include <vector>

#include <QWidget>

#include "app/views/view_page.h"

class QMenu;
class QSplitter;
class QTabWidget;

namespace hyena::app {

/// The middle of the window: groups of tabs beside or below each other. Pages are views, cards,
/// tables and messages.
class ViewArea : public QWidget {
  Q_OBJECT

 public:
  explicit ViewArea(QMenu* add_menu, QWidget* parent = nullptr);

  void add(QWidget* page, const QString& title, const char* glyph);
  void close(QWidget* page);
  void close_current();
  void show_page(QWidget* page);
  /// Moves the tab in front into a group of its own, to the right or below.
  void split(Qt::Orientation orientation);
  QWidget* current() const;
  ViewPage* current_view() const;
  std::vector<QWidget*> pages() const;
  int groups() const;
  void step(int by);  ///< the next tab of the group in front

 Q_SIGNALS:
  void current_changed();
  void emptied();

 private:
  QTabWidget* add_group();
  QTabWidget* group_of(QWidget* page) const;
  void drop_empty_groups();

  QMenu* add_menu_;
  QSplitter* splitter_;
  std::vector<QTabWidget*> groups_;
  QTabWidget* front_ = nullptr;
};

}  // namespace hyena::app
