#include "app/look/studio_style.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QPainter>
#include <QPushButton>
#include <QStyleFactory>
#include <QStyleOption>
#include <QTabBar>
#include <QToolButton>

#include "app/look/icons.h"
#include "app/look/look.h"

namespace hyena::app {
namespace {

using namespace Qt::StringLiterals;

void frame(QPainter& painter, const QRect& rect, const QColor& fill, const QColor& edge,
           double radius = 4) {
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(edge.isValid() ? QPen(edge, 1) : QPen(Qt::NoPen));
  painter.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
  painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
}

bool enabled(const QStyleOption* option) {
  return option->state & QStyle::State_Enabled;
}

}  // namespace

StudioStyle::StudioStyle() : QProxyStyle(QStyleFactory::create(u"Fusion"_s)) {}

void StudioStyle::polish(QWidget* widget) {
  QProxyStyle::polish(widget);
  if (qobject_cast<QPushButton*>(widget) || qobject_cast<QToolButton*>(widget) ||
      qobject_cast<QComboBox*>(widget) || qobject_cast<QTabBar*>(widget)) {
    widget->setAttribute(Qt::WA_Hover);
  }
}

double key_cap_width(const QString& key) {
  return inspect::text_width(sans(11), key) + 8;
}

double draw_key_cap(QPainter& painter, const QString& key, double right, double middle,
                    const QColor& color) {
  painter.save();
  const double width = key_cap_width(key);
  const QRectF box(right - width, middle - 8, width, 16);
  painter.setRenderHint(QPainter::Antialiasing);
  auto edge = color;
  edge.setAlphaF(color.alphaF() * 0.6F);
  painter.setPen(QPen(edge, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  painter.setPen(color);
  painter.setFont(sans(11));
  painter.drawText(box, Qt::AlignCenter, key);
  painter.restore();
  return width;
}

void StudioStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option,
                                QPainter* painter, const QWidget* widget) const {
  const auto& c = colors();
  const bool on = option->state & State_On;
  const bool hovered = (option->state & State_MouseOver) && enabled(option);
  painter->save();
  switch (element) {
    case PE_FrameFocusRect:
      break;  // controls draw their own ring
    case PE_PanelLineEdit:
    case PE_FrameLineEdit: {
      const bool wrong = widget && widget->property("wrong").toBool();
      const bool focus = option->state & State_HasFocus;
      if (const auto* box = qstyleoption_cast<const QStyleOptionFrame*>(option);
          box && box->lineWidth <= 0 && element == PE_PanelLineEdit) {
        break;  // inside a spin box or combo box
      }
      frame(*painter, option->rect, c.base, wrong ? c.error : focus ? c.accent : c.edge);
      break;
    }
    case PE_PanelButtonCommand:
      draw_button(option, painter, widget);
      break;
    case PE_PanelButtonTool: {
      const bool segment = widget && widget->property("segment").isValid();
      if (segment) {
        frame(*painter, option->rect.adjusted(0, 0, 0, 0), on ? c.selection : c.raised, {}, 3);
      } else if (on || (option->state & State_Sunken)) {
        frame(*painter, option->rect, c.selection, {});
      } else if (hovered) {
        frame(*painter, option->rect, c.hover, {});
      }
      if (option->state & State_HasFocus && option->state & State_KeyboardFocusChange) {
        painter->setPen(QPen(c.accent, 2));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(QRectF(option->rect).adjusted(1, 1, -1, -1), 4, 4);
      }
      break;
    }
    case PE_IndicatorCheckBox: {
      const auto box = option->rect;
      frame(*painter, box, on ? c.accent : c.base, on ? c.accent : hovered ? c.accent : c.edge, 3);
      if (on) {
        painter->setPen(QPen(c.on_accent, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        const QPointF at = QRectF(box).topLeft();
        const double s = box.width() / 16.0;
        painter->drawPolyline(QPolygonF(
            {at + QPointF(4, 8.2) * s, at + QPointF(6.8, 11) * s, at + QPointF(12, 5.2) * s}));
      }
      break;
    }
    case PE_IndicatorTabClose:
      if (hovered) frame(*painter, option->rect, c.hover, {}, 3);
      icon("close").paint(painter, option->rect.adjusted(3, 3, -3, -3));
      break;
    case PE_FrameTabBarBase:
    case PE_FrameDockWidget:
    case PE_PanelStatusBar:
    case PE_FrameStatusBarItem:
    case PE_PanelMenuBar:
    case PE_FrameTabWidget:
      break;
    case PE_IndicatorBranch:
      if (option->state & State_Children) {
        const QRect box(option->rect.center().x() - 6, option->rect.center().y() - 6, 12, 12);
        icon(option->state & State_Open ? "down" : "right", c.text3).paint(painter, box);
      }
      break;
    case PE_IndicatorArrowDown:
      icon("down").paint(painter, option->rect);
      break;
    default:
      painter->restore();
      QProxyStyle::drawPrimitive(element, option, painter, widget);
      return;
  }
  painter->restore();
}

void StudioStyle::draw_button(const QStyleOption* option, QPainter* painter,
                              const QWidget* widget) const {
  const auto& c = colors();
  const bool primary = widget && widget->property("primary").toBool();
  const bool hovered = (option->state & State_MouseOver) && enabled(option);
  const bool down = option->state & (State_Sunken | State_On);
  auto fill = primary ? c.accent : down ? c.selection : hovered ? c.hover : c.raised;
  auto edge = primary || down ? c.accent : c.edge;
  if (primary && (hovered || down)) fill = fill.darker(c.dark ? 108 : 112);
  if (!enabled(option)) {
    fill.setAlphaF(primary ? 0.45F : fill.alphaF());
    edge.setAlphaF(0.45F);
  }
  frame(*painter, option->rect, fill, edge);
  if (option->state & State_HasFocus && option->state & State_KeyboardFocusChange) {
    painter->setPen(QPen(primary ? c.on_accent : c.accent, 2));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(QRectF(option->rect).adjusted(2.5, 2.5, -2.5, -2.5), 2, 2);
  }
}

bool StudioStyle::draw_tab(const QStyleOption* option, QPainter* painter,
                           const QWidget* widget) const {
  const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option);
  if (!tab) return false;
  const auto& c = colors();
  const bool chosen = tab->state & State_Selected;
  if (chosen) {
    painter->fillRect(tab->rect, widget && widget->property("plain").toBool() ? c.panel : c.base);
    painter->fillRect(QRect(tab->rect.left(), tab->rect.top(), tab->rect.width(), 2), c.accent);
    painter->fillRect(QRect(tab->rect.left(), tab->rect.top(), 1, tab->rect.height()), c.line);
    painter->fillRect(QRect(tab->rect.right(), tab->rect.top(), 1, tab->rect.height()), c.line);
  } else {
    if (tab->state & State_MouseOver) painter->fillRect(tab->rect.adjusted(0, 2, 0, -2), c.hover);
    painter->fillRect(QRect(tab->rect.left(), tab->rect.bottom(), tab->rect.width(), 1), c.line);
  }
  if (tab->state & State_HasFocus && tab->state & State_KeyboardFocusChange) {
    painter->setPen(QPen(c.accent, 2));
    painter->drawRect(tab->rect.adjusted(3, 5, -4, -4));
  }
  return true;
}

int StudioStyle::pixelMetric(PixelMetric metric, const QStyleOption* option,
                             const QWidget* widget) const {
  switch (metric) {
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
    case PM_SmallIconSize:
    case PM_ButtonIconSize:
    case PM_ToolBarIconSize:
    case PM_TabBarIconSize:
      return 16;
    case PM_CheckBoxLabelSpacing:
      return 8;
    case PM_ScrollBarExtent:
      return 10;
    case PM_TabBarTabHSpace:
      return 24;
    case PM_TabBarTabVSpace:
      return 12;
    case PM_TabBarBaseHeight:
    case PM_TabBarBaseOverlap:
    case PM_TabBarTabShiftVertical:
    case PM_TabBarTabShiftHorizontal:
    case PM_TabBarTabOverlap:
    case PM_DockWidgetFrameWidth:
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
    case PM_ToolBarFrameWidth:
      return 0;
    case PM_DockWidgetSeparatorExtent:
    case PM_SplitterWidth:
      return 1;
    case PM_TabCloseIndicatorWidth:
    case PM_TabCloseIndicatorHeight:
      return 16;
    case PM_TreeViewIndentation:
      return 16;
    case PM_MenuBarItemSpacing:
      return 4;
    case PM_MenuBarPanelWidth:
      return 0;
    case PM_ToolTipLabelFrameWidth:
      return 6;
    default:
      return QProxyStyle::pixelMetric(metric, option, widget);
  }
}

int StudioStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                           QStyleHintReturn* data) const {
  if (hint == SH_ToolTip_WakeUpDelay) return 600;
  if (hint == SH_EtchDisabledText || hint == SH_DitherDisabledText) return 0;
  if (hint == SH_ItemView_ShowDecorationSelected) return 1;
  if (hint == SH_Slider_AbsoluteSetButtons) return Qt::LeftButton;
  if (hint == SH_ScrollBar_Transient) return 0;
  return QProxyStyle::styleHint(hint, option, widget, data);
}

QSize StudioStyle::sizeFromContents(ContentsType type, const QStyleOption* option,
                                    const QSize& size, const QWidget* widget) const {
  auto out = QProxyStyle::sizeFromContents(type, option, size, widget);
  switch (type) {
    case CT_PushButton: {
      out.setHeight(28);
      out.setWidth(out.width() + 8);
      const auto key = widget ? widget->property("key").toString() : QString();
      if (!key.isEmpty()) out.rwidth() += static_cast<int>(key_cap_width(key)) + 8;
      break;
    }
    case CT_ComboBox:
    case CT_LineEdit:
    case CT_SpinBox:
      out.setHeight(28);
      break;
    case CT_MenuBarItem:
      out.setHeight(28);
      break;
    case CT_MenuItem:
      if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
          item && item->menuItemType != QStyleOptionMenuItem::Separator) {
        out.setHeight(std::max(out.height(), 26));
      }
      break;
    case CT_TabBarTab:
      out.setHeight(32);
      out.rwidth() += 6;  // the chosen one is semibold
      break;
    default:
      break;
  }
  return out;
}

}  // namespace hyena::app
