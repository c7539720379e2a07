#include "app/shell/shortcut_sheet.h"

#include <QAction>
#include <QGridLayout>
#include <QLabel>
#include <QList>
#include <QVBoxLayout>

#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

ShortcutSheet::ShortcutSheet(const QWidget& window, QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("All keys"));
  setBackgroundRole(QPalette::Base);
  setAutoFillBackground(true);
  QList<std::pair<QString, QString>> keys;
  for (const auto* action : window.findChildren<QAction*>()) {
    if (action->shortcut().isEmpty() || action->text().isEmpty()) continue;
    QStringList all;
    for (const auto& key : action->shortcuts()) all << key.toString(QKeySequence::NativeText);
    keys.append({all.join(u"  "_s), action->text().remove(u'&')});
  }
  keys.append({tr("Ctrl+1 … 9"), tr("Open a recent file")});
  const QList<std::pair<QString, QString>> figure{
      {tr("Wheel"), tr("Zoom along x")},
      {tr("Shift+Wheel"), tr("Zoom along y")},
      {tr("Ctrl+Wheel"), tr("Zoom along both")},
      {tr("Drag"), tr("Move what is zoomed")},
      {tr("Double click"), tr("Whole range")},
      {tr("Click"), tr("Choose what is under the cursor")},
      {tr("Space"), tr("Lock the cursor")},
      {u"← →"_s, tr("Channel")},
      {u"0"_s, tr("Reset colour limits")},
      {u"C"_s, tr("Next colour map")},
      {u"T"_s, tr("Numbers as a table")},
      {u"PgUp PgDn"_s, tr("Picture")},
      {u"Esc"_s, tr("Cancel the job, then reset zoom")}};
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(24, 20, 24, 24);
  grid->setHorizontalSpacing(16);
  grid->setVerticalSpacing(4);
  const auto fill = [&](int column, const QString& title, const auto& rows, qsizetype from,
                        qsizetype to) {
    auto* head = new QLabel(title);
    head->setFont(sans(13, Weight::semibold));
    grid->addWidget(head, 0, column, 1, 2);
    for (qsizetype i = from; i < to; ++i) {
      auto* key = new QLabel(rows[i].first);
      key->setFont(mono(12));
      key->setForegroundRole(QPalette::Link);
      grid->addWidget(key, static_cast<int>(i - from) + 1, column);
      grid->addWidget(new QLabel(rows[i].second), static_cast<int>(i - from) + 1, column + 1);
    }
  };
  const auto half = (keys.size() + 1) / 2;
  fill(0, tr("Window"), keys, 0, half);
  fill(2, QString(), keys, half, keys.size());
  fill(4, tr("Figures"), figure, 0, figure.size());
}

}  // namespace hyena::app
