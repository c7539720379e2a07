#pragma once

#include <string>

#include <QColor>

#include "inspect/figure/color_maps.h"

namespace hyena::inspect {

/// Colours and measures of everything painted. Lengths are in layout units: 1/96 inch for windows,
/// 1/288 inch for paper, so that print sizes in points are whole numbers too.
struct Theme {
  std::string name = {};
  bool dark = false;
  bool print = false;  ///< letters instead of titles, and a caption
  double unit = 1;     ///< layout units in 1/96 inch

  QColor page = {}, text = {}, text2 = {}, text3 = {};
  QColor line = {};      ///< decoration: rules, zero lines
  QColor track = {};     ///< under hatching, empty bars
  QColor accent = {};    ///< bars, boxes
  QColor accent_2 = {};  ///< second bars
  QColor hatch = {};
  double shade_low = 0, shade_high = 1;  ///< the part of viridis that curves take

  int label = 11, title = 12, heading = 15, caption = 11, letter = 12, mono = 12, mono_small = 10;
  double curve = 1, focus = 2, axis = 1;

  double units_per_inch() const { return 96 * unit; }
};

/// "paper", "light", "dark". Throws std::invalid_argument for another name.
const Theme& find_theme(const std::string& name);

inline QColor to_qt(Color c) {
  return {c.red, c.green, c.blue};
}
/// Of a curve with this shade, 0 … 1.
QColor shade_color(const Theme& theme, double shade);

}  // namespace hyena::inspect
