#include "app/shell/row_delegates.h"

#include <QPainter>
#include <QPolygonF>

#include "app/look/look.h"
#include "app/models/channel_list.h"
#include "app/models/model_tree.h"

namespace hyena::app {
namespace {

constexpr int kRow = 24;

bool paint_ground(QPainter& painter, const QStyleOptionViewItem& option) {
  const bool chosen = option.state & QStyle::State_Selected;
  if (chosen) {
    painter.fillRect(option.rect, colors().selection);
  } else if (option.state & QStyle::State_MouseOver) {
    painter.fillRect(option.rect, colors().hover);
  }
  return chosen;
}

}  // namespace

void FactDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const {
  const auto& c = colors();
  painter->save();
  const bool chosen = paint_ground(*painter, option);
  auto rect = option.rect.adjusted(2, 0, -8, 0);
  const auto glyph = index.data(Qt::DecorationRole).value<QIcon>();
  glyph.paint(painter, QRect(rect.left(), rect.center().y() - 7, 16, 16), Qt::AlignCenter,
              QIcon::Normal, chosen ? QIcon::On : QIcon::Off);
  rect.setLeft(rect.left() + 22);
  const auto fact = index.data(ModelTree::kFactRole).toString();
  const bool failed = index.data(ModelTree::kFailedRole).toBool();
  const auto small = mono(11);
  painter->setFont(failed ? sans(12) : small);
  painter->setPen(failed ? c.error : chosen ? c.text2 : c.text3);
  painter->drawText(rect, Qt::AlignVCenter | Qt::AlignRight, fact);
  const double used = inspect::text_width(painter->font(), fact) + 8;
  const auto font = sans(13);
  painter->setFont(font);
  painter->setPen(c.text);
  painter->drawText(rect, Qt::AlignVCenter | Qt::AlignLeft,
                    inspect::elided(font, index.data().toString(), rect.width() - used));
  const auto progress = index.data(ModelTree::kProgressRole);
  if (progress.isValid()) {
    const QRectF track(rect.left(), rect.bottom() - 2, rect.width(), 3);
    painter->fillRect(track, c.track);
    painter->fillRect(QRectF(track.left(), track.top(), track.width() * progress.toInt() / 100, 3),
                      c.accent);
  }
  painter->restore();
}

QSize FactDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  return {QStyledItemDelegate::sizeHint(option, index).width(), kRow};
}

void ChannelDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const {
  const auto& c = colors();
  painter->save();
  const bool chosen = paint_ground(*painter, option);
  const auto rect = option.rect.adjusted(12, 0, -12, 0);
  painter->setFont(mono(12));
  painter->setPen(c.text);
  painter->drawText(rect, Qt::AlignVCenter | Qt::AlignLeft, index.data().toString());
  const auto* list = qobject_cast<const ChannelList*>(index.model());
  const auto curve = list ? list->curve(index.row(), 128) : std::vector<float>();
  if (curve.size() > 1) {
    const QRectF area(rect.left() + 44, rect.top() + 3, rect.width() - 44, rect.height() - 6);
    QPolygonF line;
    for (std::size_t i = 0; i < curve.size(); ++i) {
      line << QPointF(area.left() + area.width() * static_cast<double>(i) /
                                        static_cast<double>(curve.size() - 1),
                      area.center().y() - static_cast<double>(curve[i]) * area.height() / 2);
    }
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(chosen ? c.text : c.text3, 1));
    painter->drawPolyline(line);
  }
  painter->restore();
}

QSize ChannelDelegate::sizeHint(const QStyleOptionViewItem& /*option*/,
                                const QModelIndex& /*index*/) const {
  return {120, kRow};
}

}  // namespace hyena::app
