#include "app/shell/start_row.h"

#include <QDir>
#include <QFileInfo>
#include <QLocale>
#include <QPainter>

#include "app/look/icons.h"
#include "app/look/look.h"
#include "app/look/studio_style.h"
#include "app/models/model_tree.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

struct Places {
  int key, file, kind, weights, type, opened;
};
Places places(int width) {
  return {12, 78, width - 390, width - 250, width - 232, width - 14};
}

QString when(const QDateTime& time) {
  const auto days = time.date().daysTo(QDate::currentDate());
  if (days == 0) return RecentRow::tr("today, %1").arg(time.time().toString(u"HH:mm"_s));
  if (days == 1) return RecentRow::tr("yesterday");
  return QLocale(QLocale::English).toString(time.date(), u"d MMM"_s);
}

void left(QPainter& p, int x, const QRect& r, int width, const QString& text) {
  p.drawText(QRect(x, r.top(), width, r.height()), Qt::AlignVCenter | Qt::AlignLeft,
             inspect::elided(p.font(), text, width));
}
void right(QPainter& p, int x, const QRect& r, const QString& text) {
  p.drawText(QRect(x - 160, r.top(), 160, r.height()), Qt::AlignVCenter | Qt::AlignRight, text);
}

void focus_ring(QPainter& painter, const QAbstractButton& button) {
  if (!button.hasFocus()) return;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colors().accent, 2));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(QRectF(button.rect()).adjusted(1, 1, -1, -1), 4, 4);
}

}  // namespace

RecentRow::RecentRow(const RecentFile& file, int number, QWidget* parent)
    : QAbstractButton(parent), file_(file), number_(number) {
  setFixedHeight(32);
  setAttribute(Qt::WA_Hover);
  setFocusPolicy(Qt::TabFocus);
  setToolTip(file.path);
  setAccessibleName(tr("Open %1").arg(QFileInfo(file.path).fileName()));
}

void RecentRow::paint_head(QPainter& p, const QRect& r) {
  const auto at = places(r.width());
  p.setFont(sans(12));
  p.setPen(colors().text3);
  left(p, at.key, r, 60, tr("open"));
  left(p, at.file + 24, r, 200, tr("file"));
  left(p, at.kind, r, 80, tr("kind"));
  right(p, at.weights, r, tr("weights"));
  left(p, at.type, r, 80, tr("type"));
  right(p, at.opened, r, tr("last opened"));
}

void RecentRow::paintEvent(QPaintEvent* /*event*/) {
  const auto& c = colors();
  QPainter p(this);
  const auto r = rect();
  if (underMouse()) p.fillRect(r.adjusted(1, 0, -1, 0), c.selection);
  if (number_ > 1) p.fillRect(QRect(0, 0, width(), 1), c.line);
  const auto at = places(width());
  const auto key = u"Ctrl %1"_s.arg(number_);
  draw_key_cap(p, key, at.key + key_cap_width(key), r.center().y() + 0.5, c.text2);
  app::icon(file_.kind == "vision"_L1 ? "picture" : "text").paint(&p, QRect(at.file, 8, 16, 16));
  const QFileInfo file(file_.path);
  p.setFont(sans(13, underMouse() ? Weight::semibold : Weight::regular));
  p.setPen(c.text);
  auto name = file.fileName();
  if (file.completeBaseName() == "best"_L1) name = file.dir().dirName() + u'/' + name;
  left(p, at.file + 24, r, at.kind - at.file - 36, name);
  p.setFont(sans(12));
  p.setPen(c.text2);
  left(p, at.kind, r, 80, file_.kind);
  right(p, at.opened, r, when(file_.opened));
  p.setFont(mono(12));
  p.setPen(c.text);
  right(p, at.weights, r, short_count(static_cast<double>(file_.parameters)));
  left(p, at.type, r, 90, file_.dtype);
  focus_ring(p, *this);
}

SampleCard::SampleCard(const Sample& sample, QWidget* parent)
    : QAbstractButton(parent), sample_(sample) {
  setFixedHeight(88);
  setAttribute(Qt::WA_Hover);
  setFocusPolicy(Qt::TabFocus);
  setEnabled(sample.here);
  setToolTip(sample.here ? sample.path : sample.hint);
  setAccessibleName(sample.title + u". "_s + sample.line + u". "_s + sample.hint);
}

void SampleCard::paintEvent(QPaintEvent* /*event*/) {
  const auto& c = colors();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(QPen(underMouse() && isEnabled() ? c.accent : c.line, 1));
  p.setBrush(c.base);
  p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  p.setBrush(c.panel);
  p.setPen(QPen(c.line, 1));
  p.drawRect(QRectF(12.5, 12.5, 63, 63));
  app::icon(sample_.glyph, sample_.here ? c.accent : c.text3).paint(&p, QRect(28, 28, 32, 32));
  const int wide = width() - 100;
  p.setFont(sans(13, Weight::semibold));
  p.setPen(c.text);
  left(p, 88, QRect(0, 14, 0, 20), wide, sample_.title);
  p.setFont(sans(13));
  p.setPen(c.text2);
  left(p, 88, QRect(0, 34, 0, 20), wide, sample_.line);
  p.setFont(sample_.here ? sans(12) : mono(11));
  p.setPen(c.text3);
  left(p, 88, QRect(0, 56, 0, 20), wide, sample_.hint);
  focus_ring(p, *this);
}

}  // namespace hyena::app
