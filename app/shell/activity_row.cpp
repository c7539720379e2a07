#include "app/shell/activity_row.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QTime>

#include "app/look/icons.h"
#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;
using train::JobState;

ActivityRow::ActivityRow(const train::JobEvent& event, QWidget* parent)
    : QWidget(parent),
      glyph_(new QLabel),
      title_(new QLabel(QString::fromStdString(event.title))),
      percent_(new QLabel),
      step_(new QLabel),
      time_(new QLabel),
      bar_(new QProgressBar),
      cancel_(new QPushButton(tr("Cancel"))) {
  setFixedHeight(32);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(16, 0, 16, 0);
  row->setSpacing(12);
  glyph_->setFixedWidth(16);
  title_->setFixedWidth(220);
  bar_->setFixedWidth(220);
  percent_->setFixedWidth(44);
  percent_->setFont(mono(12));
  step_->setForegroundRole(QPalette::PlaceholderText);
  step_->setFont(sans(12));
  step_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  step_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  time_->setFont(mono(11));
  time_->setForegroundRole(QPalette::PlaceholderText);
  cancel_->setAccessibleName(tr("Cancel %1").arg(title_->text()));
  for (auto* widget : {static_cast<QWidget*>(glyph_), static_cast<QWidget*>(title_),
                       static_cast<QWidget*>(bar_), static_cast<QWidget*>(percent_)}) {
    row->addWidget(widget);
  }
  row->addWidget(step_, 1);
  row->addWidget(time_);
  row->addWidget(cancel_);
  connect(cancel_, &QPushButton::clicked, this, &ActivityRow::cancel_asked);
  show_event(event);
}

void ActivityRow::show_event(const train::JobEvent& event) {
  const auto& c = colors();
  finished_ = event.finished();
  failed_ = event.state == JobState::failed;
  const auto& progress = event.progress;
  const char* glyph = failed_                              ? "error"
                      : event.state == JobState::done      ? "done"
                      : event.state == JobState::cancelled ? "close"
                                                           : "clock";
  glyph_->setPixmap(icon_pixmap(glyph,
                                failed_                         ? c.error
                                : event.state == JobState::done ? c.done
                                                                : c.text3,
                                16, devicePixelRatioF()));
  bar_->setVisible(!finished_);
  percent_->setVisible(!finished_);
  cancel_->setVisible(!finished_);
  time_->setVisible(finished_);
  if (!finished_) {
    const bool known = progress.total > 0;
    bar_->setRange(0, known ? static_cast<int>(progress.total) : 1);
    bar_->setValue(known ? static_cast<int>(progress.done) : 0);
    percent_->setText(known ? u"%1 %"_s.arg(100 * progress.done / progress.total) : QString());
    step_->setText(event.state == JobState::waiting ? tr("waiting")
                   : known                          ? tr("%1, %2 of %3")
                                 .arg(QString::fromStdString(progress.step))
                                 .arg(progress.done)
                                 .arg(progress.total)
                           : tr("running"));
  } else {
    const auto seconds = tr("%1 s").arg(event.seconds, 0, 'f', 2);
    time_->setText(QTime::currentTime().toString(u"HH:mm:ss"_s));
    step_->setText(failed_ ? QString::fromStdString(event.error.sentence)
                   : event.state == JobState::cancelled ? tr("cancelled")
                                                        : seconds);
    auto palette = step_->palette();
    palette.setColor(QPalette::PlaceholderText, failed_ ? c.error : c.text3);
    step_->setPalette(palette);
  }
  update();
}

void ActivityRow::paintEvent(QPaintEvent* /*event*/) {
  if (!failed_) return;
  QPainter(this).fillRect(rect(), colors().error_page);
}

}  // namespace hyena::app
