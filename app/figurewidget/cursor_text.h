#pragma once

#include <QPointF>
#include <QString>

#include "inspect/figure/figure.h"
#include "inspect/paint/layout.h"

namespace hyena::app {

/// What lies under the mouse, for a read-out.
struct CursorFacts {
  QString place = {};  ///< "lag τ = 40 tokens"
  QString value = {};  ///< "h = −0.0111"
  bool has_point = false;
  QPointF point = {};  ///< of the nearest curve, in pixels
};

CursorFacts cursor_facts(const inspect::Panel& panel, const inspect::PanelLayout& layout,
                         QPointF pixel);

/// Up to four digits, U+2212 for minus.
QString shown_number(double value);

}  // namespace hyena::app
