#include "app/look/colors.h"

namespace hyena::app {

const Colors& light_colors() {
  static const Colors colors{.dark = false,
                             .window = 0xECEFF0,
                             .panel = 0xF6F8F8,
                             .base = 0xFFFFFF,
                             .raised = 0xFFFFFF,
                             .line = 0xD3D9DC,
                             .edge = 0x838E94,
                             .text = 0x12181B,
                             .text2 = 0x465157,
                             .text3 = 0x616C72,
                             .accent = 0x0A6B66,
                             .on_accent = 0xFFFFFF,
                             .selection = 0xD2E8E5,
                             .hover = 0xE4EAEB,
                             .track = 0xDDE3E5,
                             .warning = 0x7A5200,
                             .warning_page = 0xFBF0D6,
                             .error = 0xAE231C,
                             .error_page = 0xFBE9E7,
                             .done = 0x2A6A35};
  return colors;
}

const Colors& dark_colors() {
  static const Colors colors{.dark = true,
                             .window = 0x131719,
                             .panel = 0x191E20,
                             .base = 0x0E1213,
                             .raised = 0x242A2D,
                             .line = 0x2E3639,
                             .edge = 0x6B777D,
                             .text = 0xE5EAEB,
                             .text2 = 0xABB5B9,
                             .text3 = 0x8A959A,
                             .accent = 0x52C3B8,
                             .on_accent = 0x06211F,
                             .selection = 0x17423F,
                             .hover = 0x232A2D,
                             .track = 0x2B3336,
                             .warning = 0xE3B452,
                             .warning_page = 0x33290F,
                             .error = 0xF48B80,
                             .error_page = 0x3A1C1A,
                             .done = 0x7CC58A};
  return colors;
}

QPalette palette_of(const Colors& c) {
  QPalette p;
  p.setColor(QPalette::Window, c.window);
  p.setColor(QPalette::AlternateBase, c.panel);
  p.setColor(QPalette::Base, c.base);
  p.setColor(QPalette::Button, c.raised);
  p.setColor(QPalette::ToolTipBase, c.raised);
  p.setColor(QPalette::ToolTipText, c.text);
  p.setColor(QPalette::Light, c.raised);
  p.setColor(QPalette::Midlight, c.hover);
  p.setColor(QPalette::Mid, c.line);
  p.setColor(QPalette::Dark, c.edge);
  p.setColor(QPalette::Shadow, c.line);
  p.setColor(QPalette::Text, c.text);
  p.setColor(QPalette::WindowText, c.text);
  p.setColor(QPalette::ButtonText, c.text);
  p.setColor(QPalette::PlaceholderText, c.text3);
  p.setColor(QPalette::Link, c.accent);
  p.setColor(QPalette::LinkVisited, c.accent);
  p.setColor(QPalette::BrightText, c.on_accent);
  p.setColor(QPalette::Highlight, c.selection);
  p.setColor(QPalette::HighlightedText, c.text);
  for (const auto role : {QPalette::Text, QPalette::WindowText, QPalette::ButtonText}) {
    auto faded = c.text;
    faded.setAlphaF(0.45F);
    p.setColor(QPalette::Disabled, role, faded);
  }
  return p;
}

}  // namespace hyena::app
