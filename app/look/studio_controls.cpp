// The parts of StudioStyle that are made of several pieces.
#include <QAbstractSpinBox>
#include <QPainter>
#include <QStyleOption>
#include <QWidget>

#include "app/look/icons.h"
#include "app/look/look.h"
#include "app/look/studio_style.h"

namespace hyena::app {
namespace {

void field(QPainter& painter, const QRect& rect, const QStyleOption* option) {
  const auto& c = colors();
  const bool enabled = option->state & QStyle::State_Enabled;
  const bool hovered = enabled && (option->state & QStyle::State_MouseOver);
  const bool focus = option->state & QStyle::State_HasFocus;
  auto edge = focus || hovered ? c.accent : c.edge;
  if (!enabled) edge.setAlphaF(0.45F);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(edge, 1));
  painter.setBrush(c.base);
  painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
}

}  // namespace

void StudioStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                              const QWidget* widget) const {
  const auto& c = colors();
  painter->save();
  switch (element) {
    case CE_TabBarTabShape:
      draw_tab(option, painter, widget);
      break;
    case CE_TabBarTabLabel: {
      const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option);
      if (!tab) break;
      const bool chosen = tab->state & State_Selected;
      auto rect = tab->rect.adjusted(12, 1, -8, 0);
      if (!tab->icon.isNull()) {
        const QRect box(rect.left(), rect.center().y() - 8, 16, 16);
        tab->icon.paint(painter, box, Qt::AlignCenter, QIcon::Normal,
                        chosen ? QIcon::On : QIcon::Off);
        rect.setLeft(rect.left() + 24);
      }
      painter->setFont(sans(13, chosen ? Weight::semibold : Weight::regular));
      painter->setPen(chosen ? c.text : c.text2);
      painter->drawText(rect, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, tab->text);
      break;
    }
    case CE_PushButtonLabel: {
      const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
      if (!button) break;
      const bool primary = widget && widget->property("primary").toBool();
      const auto key = widget ? widget->property("key").toString() : QString();
      auto color = primary ? c.on_accent : c.text;
      if (!(option->state & State_Enabled)) color.setAlphaF(0.45F);
      const auto font = sans(13, Weight::medium);
      const double text = inspect::text_width(font, button->text);
      const double cap = key.isEmpty() ? 0 : key_cap_width(key) + 8;
      const double glyph = button->icon.isNull() ? 0 : 22;
      double x = button->rect.center().x() + 0.5 - (text + cap + glyph) / 2;
      const double middle = button->rect.top() + button->rect.height() / 2.0;
      if (glyph > 0) {
        const QRect box(static_cast<int>(x), static_cast<int>(middle) - 8, 16, 16);
        const auto pixmap =
            button->icon.pixmap(QSize(16, 16), painter->device()->devicePixelRatioF());
        QPixmap tinted(pixmap);
        QPainter tint(&tinted);
        tint.setCompositionMode(QPainter::CompositionMode_SourceIn);
        tint.fillRect(tinted.rect(), color);
        tint.end();
        painter->drawPixmap(box, tinted);
        x += glyph;
      }
      painter->setFont(font);
      painter->setPen(color);
      painter->drawText(QRectF(x, button->rect.top(), text + 2, button->rect.height()),
                        Qt::AlignVCenter | Qt::TextSingleLine | Qt::TextShowMnemonic, button->text);
      if (cap > 0) draw_key_cap(*painter, key, x + text + cap, middle, color);
      break;
    }
    case CE_ProgressBarGroove:
    case CE_ProgressBarLabel:
      break;
    case CE_ProgressBarContents: {
      const auto* bar = qstyleoption_cast<const QStyleOptionProgressBar*>(option);
      if (!bar) break;
      const auto whole = widget ? widget->rect() : bar->rect;
      const QRectF track(whole.left(), whole.center().y() - 1, whole.width(), 4);
      painter->setRenderHint(QPainter::Antialiasing);
      painter->setPen(Qt::NoPen);
      painter->setBrush(c.track);
      painter->drawRoundedRect(track, 2, 2);
      const double range = bar->maximum - bar->minimum;
      auto done = track;
      done.setWidth(range > 0 ? track.width() * (bar->progress - bar->minimum) / range
                              : track.width() * 0.3);
      painter->setBrush(c.accent);
      if (done.width() > 0) painter->drawRoundedRect(done, 2, 2);
      break;
    }
    case CE_MenuBarEmptyArea:
      painter->fillRect(option->rect, c.window);
      break;
    case CE_MenuBarItem: {
      const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
      if (!item) break;
      painter->fillRect(item->rect, c.window);
      if (item->state & (State_Selected | State_Sunken)) {
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(item->state & State_Sunken ? c.selection : c.hover);
        painter->drawRoundedRect(item->rect.adjusted(0, 2, 0, -2), 4, 4);
      }
      painter->setPen(c.text);
      painter->drawText(item->rect, Qt::AlignCenter | Qt::TextHideMnemonic | Qt::TextSingleLine,
                        item->text);
      break;
    }
    case CE_ToolBar:
      painter->fillRect(option->rect, c.window);
      break;
    default:
      painter->restore();
      QProxyStyle::drawControl(element, option, painter, widget);
      return;
  }
  painter->restore();
}

void StudioStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option,
                                     QPainter* painter, const QWidget* widget) const {
  painter->save();
  switch (control) {
    case CC_ComboBox:
      draw_combo(option, painter);
      break;
    case CC_SpinBox:
      draw_spin(option, painter, widget);
      break;
    case CC_ScrollBar:
      draw_scroll_bar(option, painter, widget);
      break;
    default:
      painter->restore();
      QProxyStyle::drawComplexControl(control, option, painter, widget);
      return;
  }
  painter->restore();
}

void StudioStyle::draw_combo(const QStyleOptionComplex* option, QPainter* painter) const {
  field(*painter, option->rect, option);
  const auto& r = option->rect;
  icon("down").paint(painter, QRect(r.right() - 20, r.center().y() - 5, 12, 12));
}

void StudioStyle::draw_spin(const QStyleOptionComplex* option, QPainter* painter,
                            const QWidget* widget) const {
  const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
  if (!spin) return;
  field(*painter, spin->rect, option);
  const auto arrow = [&](SubControl part, const char* name, bool possible) {
    const auto box = subControlRect(CC_SpinBox, option, part, widget);
    const bool hot = option->activeSubControls == part && (option->state & State_MouseOver);
    auto color = hot && possible ? colors().accent : colors().text2;
    if (!possible) color.setAlphaF(0.35F);
    icon(name, color).paint(painter, QRect(box.center().x() - 5, box.center().y() - 5, 12, 12));
  };
  arrow(SC_SpinBoxDown, "left", spin->stepEnabled & QAbstractSpinBox::StepDownEnabled);
  arrow(SC_SpinBoxUp, "right", spin->stepEnabled & QAbstractSpinBox::StepUpEnabled);
}

QRect StudioStyle::subControlRect(ComplexControl control, const QStyleOptionComplex* option,
                                  SubControl part, const QWidget* widget) const {
  const auto r = option->rect;
  if (control == CC_SpinBox) {
    // Arrows on both sides: down on the left, up on the right.
    constexpr int kArrow = 22;
    if (part == SC_SpinBoxDown) return {r.left(), r.top(), kArrow, r.height()};
    if (part == SC_SpinBoxUp) return {r.right() - kArrow + 1, r.top(), kArrow, r.height()};
    if (part == SC_SpinBoxEditField) return r.adjusted(kArrow, 2, -kArrow, -2);
    if (part == SC_SpinBoxFrame) return r;
  }
  if (control == CC_ComboBox && part == SC_ComboBoxEditField) return r.adjusted(10, 1, -24, -1);
  if (control == CC_ScrollBar) {
    if (part == SC_ScrollBarAddLine || part == SC_ScrollBarSubLine) return {};
    if (part == SC_ScrollBarGroove) return r;
    const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (bar && (part == SC_ScrollBarSlider || part == SC_ScrollBarAddPage ||
                part == SC_ScrollBarSubPage)) {
      const bool along = bar->orientation == Qt::Horizontal;
      const int length = along ? r.width() : r.height();
      const int range = bar->maximum - bar->minimum;
      const int size = range <= 0
                           ? length
                           : std::clamp(static_cast<int>(static_cast<double>(length) *
                                                         bar->pageStep / (range + bar->pageStep)),
                                        std::min(24, length), length);
      const int at = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition,
                                             length - size, bar->upsideDown);
      int from = at, to = at + size;
      if (part == SC_ScrollBarSubPage) from = 0, to = at;
      if (part == SC_ScrollBarAddPage) from = at + size, to = length;
      return along ? QRect(r.left() + from, r.top(), to - from, r.height())
                   : QRect(r.left(), r.top() + from, r.width(), to - from);
    }
  }
  return QProxyStyle::subControlRect(control, option, part, widget);
}

QRect StudioStyle::subElementRect(SubElement element, const QStyleOption* option,
                                  const QWidget* widget) const {
  if (element == SE_TabWidgetRightCorner) {
    const auto* tabs = qstyleoption_cast<const QStyleOptionTabWidgetFrame*>(option);
    if (tabs) {
      const auto size = tabs->rightCornerWidgetSize;
      return {option->rect.right() - size.width() + 1, option->rect.top(), size.width(), 32};
    }
  }
  if (element == SE_LineEditContents) {
    const auto* box = qstyleoption_cast<const QStyleOptionFrame*>(option);
    if (box && box->lineWidth > 0) return option->rect.adjusted(6, 1, -6, -1);
  }
  return QProxyStyle::subElementRect(element, option, widget);
}

void StudioStyle::draw_scroll_bar(const QStyleOptionComplex* option, QPainter* painter,
                                  const QWidget* widget) const {
  const auto& c = colors();
  const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
  if (!bar || bar->maximum <= bar->minimum) return;
  const QRectF slider = subControlRect(CC_ScrollBar, option, SC_ScrollBarSlider, widget);
  auto color = c.edge;
  color.setAlphaF(option->state & (State_Sunken | State_MouseOver) ? 0.9F : 0.5F);
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setPen(Qt::NoPen);
  painter->setBrush(color);
  painter->drawRoundedRect(slider.adjusted(3, 3, -3, -3), 2, 2);
}

}  // namespace hyena::app
