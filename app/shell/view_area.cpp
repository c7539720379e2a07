#include "app/shell/view_area.h"

#include <algorithm>

#include <QApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QSplitter>
#include <QTabBar>
#include <QTabWidget>
#include <QToolButton>

#include "app/look/icons.h"

namespace hyena::app {

ViewArea::ViewArea(QMenu* add_menu, QWidget* parent)
    : QWidget(parent), add_menu_(add_menu), splitter_(new QSplitter) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(splitter_);
  splitter_->setChildrenCollapsible(false);
  add_group();
  // The group that has the focus is the one in front.
  connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) {
    for (auto* group : groups_) {
      if (now && (group == now || group->isAncestorOf(now)) && group != front_) {
        front_ = group;
        Q_EMIT current_changed();
      }
    }
  });
}

QTabWidget* ViewArea::add_group() {
  auto* group = new QTabWidget;
  group->setTabsClosable(true);
  group->setMovable(true);
  group->setAccessibleName(tr("Views"));
  group->setDocumentMode(true);
  group->setElideMode(Qt::ElideRight);
  group->tabBar()->setExpanding(false);
  group->tabBar()->setDrawBase(false);
  group->tabBar()->setAccessibleName(tr("Open views"));
  auto* add = new QToolButton;
  add->setIcon(icon("add"));
  add->setAutoRaise(true);
  add->setFixedSize(32, 32);
  add->setToolTip(tr("Add a view (Ctrl+T)"));
  add->setAccessibleName(tr("Add a view"));
  connect(add, &QToolButton::clicked, this,
          [this, add] { add_menu_->popup(add->mapToGlobal(QPoint(0, add->height()))); });
  group->setCornerWidget(add, Qt::TopRightCorner);
  connect(group, &QTabWidget::tabCloseRequested, this,
          [this, group](int index) { close(group->widget(index)); });
  connect(group, &QTabWidget::currentChanged, this, [this, group] {
    front_ = group;
    Q_EMIT current_changed();
  });
  groups_.push_back(group);
  splitter_->addWidget(group);
  front_ = group;
  return group;
}

QTabWidget* ViewArea::group_of(QWidget* page) const {
  for (auto* group : groups_) {
    if (group->indexOf(page) >= 0) return group;
  }
  return nullptr;
}

void ViewArea::add(QWidget* page, const QString& title, const char* glyph) {
  const int at = front_->addTab(page, icon(glyph), title);
  front_->setTabToolTip(at, title);
  front_->setCurrentIndex(at);
}

void ViewArea::close(QWidget* page) {
  auto* group = group_of(page);
  if (!group) return;
  group->removeTab(group->indexOf(page));
  page->hide();
  page->deleteLater();
  drop_empty_groups();
  Q_EMIT current_changed();
  if (pages().empty()) Q_EMIT emptied();
}

void ViewArea::close_current() {
  if (auto* page = current()) close(page);
}

void ViewArea::drop_empty_groups() {
  for (std::size_t i = 0; i < groups_.size() && groups_.size() > 1;) {
    if (groups_[i]->count() > 0) {
      ++i;
      continue;
    }
    groups_[i]->deleteLater();
    groups_[i]->hide();
    groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (std::ranges::find(groups_, front_) == groups_.end()) front_ = groups_.front();
}

void ViewArea::show_page(QWidget* page) {
  if (auto* group = group_of(page)) group->setCurrentWidget(page);
}

void ViewArea::split(Qt::Orientation orientation) {
  auto* page = current();
  auto* from = front_;
  if (!page || from->count() < 2) return;
  const int index = from->indexOf(page);
  const auto title = from->tabText(index);
  const auto glyph = from->tabIcon(index);
  from->removeTab(index);
  splitter_->setOrientation(orientation);
  auto* group = add_group();
  group->addTab(page, glyph, title);
  QList<int> sizes(splitter_->count(), 1000);
  splitter_->setSizes(sizes);
}

QWidget* ViewArea::current() const {
  return front_ ? front_->currentWidget() : nullptr;
}

ViewPage* ViewArea::current_view() const {
  return qobject_cast<ViewPage*>(current());
}

std::vector<QWidget*> ViewArea::pages() const {
  std::vector<QWidget*> out;
  for (auto* group : groups_) {
    for (int i = 0; i < group->count(); ++i) out.push_back(group->widget(i));
  }
  return out;
}

int ViewArea::groups() const {
  return static_cast<int>(groups_.size());
}

void ViewArea::step(int by) {
  const int n = front_->count();
  if (n > 0) front_->setCurrentIndex((front_->currentIndex() + by + n) % n);
}

}  // namespace hyena::app
