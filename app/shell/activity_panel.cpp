#include "app/shell/activity_panel.h"

#include <QScrollArea>
#include <QVBoxLayout>

#include "app/shell/activity_row.h"

namespace hyena::app {
namespace {

constexpr int kKept = 60;

}  // namespace

ActivityPanel::ActivityPanel(QWidget* parent) : QWidget(parent) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  auto* body = new QWidget;
  body->setBackgroundRole(QPalette::AlternateBase);
  body->setAutoFillBackground(true);
  rows_ = new QVBoxLayout(body);
  rows_->setContentsMargins(0, 4, 0, 4);
  rows_->setSpacing(0);
  rows_->addStretch(1);
  scroll->setWidget(body);
  outer->addWidget(scroll);
}

void ActivityPanel::take(const train::JobEvent& event) {
  auto* row = known_.value(event.number);
  if (!row) {
    // A replaced request that never ran is no news.
    if (event.state == train::JobState::cancelled) return;
    row = new ActivityRow(event);
    known_.insert(event.number, row);
    rows_->insertWidget(0, row);
    connect(row, &ActivityRow::cancel_asked, this,
            [this, number = event.number] { Q_EMIT cancel_asked(number); });
    for (auto it = known_.begin(); known_.size() > kKept && it != known_.end();) {
      if (!it.value()->finished()) {
        ++it;
        continue;
      }
      it.value()->deleteLater();
      it = known_.erase(it);
    }
  }
  row->show_event(event);
  int running = 0;
  for (const auto* each : known_) running += !each->finished();
  if (running != running_) Q_EMIT running_changed(running_ = running);
}

}  // namespace hyena::app
