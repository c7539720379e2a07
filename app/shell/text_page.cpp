#include "app/shell/text_page.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSortFilterProxyModel>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>

#include "app/figurewidget/figure_table.h"
#include "app/look/look.h"

namespace hyena::app {

TextPage::TextPage(const QString& title, const QString& subtitle, QWidget* parent)
    : QWidget(parent),
      stack_(new QStackedWidget),
      text_(new QPlainTextEdit),
      table_(new QTableView) {
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  auto* page = new QVBoxLayout(this);
  page->setContentsMargins(16, 8, 16, 8);
  auto* head = new QHBoxLayout;
  auto* name = new QLabel(title);
  name->setFont(sans(15, Weight::semibold));
  head->addWidget(name);
  auto* of = new QLabel(subtitle);
  of->setFont(sans(12));
  of->setForegroundRole(QPalette::PlaceholderText);
  head->addWidget(of);
  head->addStretch(1);
  auto* search = new QLineEdit;
  search->setPlaceholderText(tr("Find tensor"));
  search->setAccessibleName(tr("Find tensor"));
  search->setMaximumWidth(240);
  search->hide();
  head->addWidget(search);
  page->addLayout(head);
  page->addWidget(stack_, 1);
  text_->setReadOnly(true);
  text_->setFrameShape(QFrame::NoFrame);
  text_->setFont(mono(12));
  text_->setLineWrapMode(QPlainTextEdit::NoWrap);
  text_->setAccessibleName(title);
  stack_->addWidget(text_);
  auto* rows = new FigureTable(this);
  auto* found = new QSortFilterProxyModel(this);
  found->setSourceModel(rows);
  found->setFilterCaseSensitivity(Qt::CaseInsensitive);
  table_->setModel(found);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(24);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setAccessibleName(title);
  stack_->addWidget(table_);
  connect(search, &QLineEdit::textChanged, found, &QSortFilterProxyModel::setFilterFixedString);
}

void TextPage::set_text(const QString& text) {
  if (text_->toPlainText() != text) text_->setPlainText(text);
}

void TextPage::set_table(const inspect::Table& table) {
  auto* found = qobject_cast<QSortFilterProxyModel*>(table_->model());
  qobject_cast<FigureTable*>(found->sourceModel())->show({.content = table});
  table_->resizeColumnsToContents();
  stack_->setCurrentIndex(1);
  if (auto* search = findChild<QLineEdit*>()) search->show();
}

QString TextPage::text() const {
  return text_->toPlainText();
}
int TextPage::rows() const {
  return table_->model()->rowCount();
}

}  // namespace hyena::app
