#include "app/shell/message_page.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/look/icons.h"
#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

MessagePage::MessagePage(const QString& subject, const QString& untouched,
                         const train::JobError& error, bool can_retry, QWidget* parent)
    : QWidget(parent), sentence_(QString::fromStdString(error.sentence)) {
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  setAccessibleName(tr("Error: %1").arg(sentence_));
  report_ = u"kind      %1\nabout     %2\nversion   %3\n\n%4"_s.arg(
      QString::fromStdString(error.kind), subject, QStringLiteral(HYENA_VERSION),
      QString::fromStdString(error.details.empty() ? error.sentence : error.details));
  auto* across = new QHBoxLayout(this);
  across->setContentsMargins(48, 32, 48, 24);
  across->setSpacing(16);
  auto* glyph = new QLabel;
  glyph->setPixmap(icon_pixmap("error", colors().error, 24, devicePixelRatioF()));
  glyph->setAlignment(Qt::AlignTop);
  glyph->setContentsMargins(0, 2, 0, 0);
  across->addWidget(glyph);
  auto* page = new QVBoxLayout;
  page->setSpacing(12);
  across->addLayout(page, 1);
  across->addStretch(0);

  auto* heading = new QLabel(sentence_);
  heading->setFont(sans(20, Weight::semibold));
  heading->setWordWrap(true);
  heading->setMaximumWidth(760);
  heading->setTextInteractionFlags(Qt::TextSelectableByMouse);
  page->addWidget(heading);
  auto* calm = new QLabel(untouched);
  calm->setWordWrap(true);
  calm->setMaximumWidth(760);
  auto palette = calm->palette();
  palette.setColor(QPalette::WindowText, colors().text2);
  calm->setPalette(palette);
  page->addWidget(calm);

  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(8);
  if (can_retry) {
    auto* again = new QPushButton(icon("again"), tr("Try again"));
    again->setProperty("primary", true);
    again->setProperty("key", u"F5"_s);
    connect(again, &QPushButton::clicked, this, &MessagePage::retry_asked);
    buttons->addWidget(again);
  }
  auto* copy = new QPushButton(icon("copy"), tr("Copy report"));
  connect(copy, &QPushButton::clicked, this,
          [this] { QApplication::clipboard()->setText(report_); });
  buttons->addWidget(copy);
  auto* log = new QPushButton(tr("Show log"));
  connect(log, &QPushButton::clicked, this, &MessagePage::log_asked);
  buttons->addWidget(log);
  auto* close = new QPushButton(tr("Close"));
  connect(close, &QPushButton::clicked, this, &MessagePage::close_asked);
  buttons->addWidget(close);
  buttons->addStretch(1);
  page->addLayout(buttons);

  auto* caption = new QLabel(tr("Details"));
  caption->setFont(sans(13, Weight::semibold));
  page->addSpacing(8);
  page->addWidget(caption);
  auto* details = new QPlainTextEdit(report_);
  details->setReadOnly(true);
  details->setFont(mono(12));
  details->setMaximumHeight(240);
  details->setMaximumWidth(760);
  details->setAccessibleName(tr("Details of the error"));
  auto ground = details->palette();
  ground.setColor(QPalette::Base, colors().panel);
  details->setPalette(ground);
  page->addWidget(details);
  page->addStretch(1);
}

}  // namespace hyena::app
