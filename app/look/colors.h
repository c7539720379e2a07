#pragma once

#include <QColor>
#include <QPalette>

namespace hyena::app {

/// Every colour of the window, by what it means. Contrasts: text on base and panel at least 5 : 1,
/// edges of controls at least 3 : 1.
struct Colors {
  bool dark = false;
  QColor window = {}, panel = {}, base = {}, raised = {};
  QColor line = {};  ///< decoration only
  QColor edge = {};  ///< of controls
  QColor text = {}, text2 = {}, text3 = {};
  QColor accent = {}, on_accent = {}, selection = {};
  QColor hover = {}, track = {};
  QColor warning = {}, warning_page = {}, error = {}, error_page = {}, done = {};
};

const Colors& light_colors();
const Colors& dark_colors();
QPalette palette_of(const Colors& colors);

}  // namespace hyena::app
