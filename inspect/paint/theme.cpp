#include "inspect/paint/theme.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace hyena::inspect {
namespace {

Theme paper() {
  Theme t;
  t.name = "paper";
  t.print = true;
  t.unit = 3;
  t.page = "#ffffff";
  t.text = "#000000";
  t.text2 = "#222222";
  t.text3 = "#333333";
  t.line = "#b4b4b4";
  t.track = "#e4e4e4";
  t.accent = "#2f6f9f";
  t.accent_2 = "#a9c8dd";
  t.hatch = "#8a8a8a";
  t.shade_high = 0.82;
  // Points times four.
  t.label = 28;
  t.title = 28;
  t.heading = 34;
  t.caption = 24;
  t.letter = 34;
  t.mono = 28;
  t.mono_small = 22;
  t.curve = 3.2;
  t.focus = 4.4;
  t.axis = 2.4;
  return t;
}

Theme light() {
  Theme t;
  t.name = "light";
  t.page = "#ffffff";
  t.text = "#12181b";
  t.text2 = "#465157";
  t.text3 = "#616c72";
  t.line = "#d3d9dc";
  t.track = "#dde3e5";
  t.accent = "#0a6b66";
  t.accent_2 = "#9bc9c4";
  t.hatch = "#838e94";
  t.shade_high = 0.82;
  return t;
}

Theme dark() {
  Theme t;
  t.name = "dark";
  t.dark = true;
  t.page = "#0e1213";
  t.text = "#e5eaeb";
  t.text2 = "#abb5b9";
  t.text3 = "#8a959a";
  t.line = "#2e3639";
  t.track = "#2b3336";
  t.accent = "#52c3b8";
  t.accent_2 = "#24605b";
  t.hatch = "#6b777d";
  t.shade_low = 0.25;
  return t;
}

}  // namespace

const Theme& find_theme(const std::string& name) {
  static const std::array themes{paper(), light(), dark()};
  for (const auto& theme : themes) {
    if (theme.name == name) return theme;
  }
  throw std::invalid_argument("there is no theme \"" + name + "\"; there are paper, light, dark");
}

QColor shade_color(const Theme& theme, double shade) {
  static const ColorMap& viridis = find_color_map("viridis");
  return to_qt(viridis.at(theme.shade_low +
                          std::clamp(shade, 0.0, 1.0) * (theme.shade_high - theme.shade_low)));
}

}  // namespace hyena::inspect
