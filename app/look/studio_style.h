#pragma once

#include <QProxyStyle>

namespace hyena::app {

/// Fusion with flat controls: fields, buttons, check boxes, tabs, bars and the focus ring in the
/// colours of Look. A button with the property "primary" is filled; a tool button with "segment" is
/// a part of a row of choices; a key in the property "key" is drawn as a cap behind the text.
class StudioStyle : public QProxyStyle {
  Q_OBJECT

 public:
  StudioStyle();

  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
  void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                   const QWidget* widget) const override;
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option,
                          QPainter* painter, const QWidget* widget) const override;
  QRect subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                       const QWidget* widget) const override;
  QRect subElementRect(SubElement element, const QStyleOption* option,
                       const QWidget* widget) const override;
  int pixelMetric(PixelMetric metric, const QStyleOption* option,
                  const QWidget* widget) const override;
  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                QStyleHintReturn* data) const override;
  QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                         const QWidget* widget) const override;
  using QProxyStyle::polish;
  void polish(QWidget* widget) override;

 private:
  bool draw_tab(const QStyleOption* option, QPainter* painter, const QWidget* widget) const;
  void draw_button(const QStyleOption* option, QPainter* painter, const QWidget* widget) const;
  void draw_combo(const QStyleOptionComplex* option, QPainter* painter) const;
  void draw_spin(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const;
  void draw_scroll_bar(const QStyleOptionComplex* option, QPainter* painter,
                       const QWidget* widget) const;
};

/// "Ctrl O" in a small frame; returns its width. `right`: where it ends.
double draw_key_cap(QPainter& painter, const QString& key, double right, double middle,
                    const QColor& color);
double key_cap_width(const QString& key);

}  // namespace hyena::app
