#include "inspect/figure/color_maps.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "inspect/figure/color_map_tables.h"

namespace hyena::inspect {
namespace {

int hex_digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

Color hex_color(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint8_t>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1]));
  };
  return {byte(0), byte(2), byte(4)};
}

std::uint8_t mixed(std::uint8_t a, std::uint8_t b, double share) {
  return static_cast<std::uint8_t>(std::lround(a + share * (b - a)));
}

Color mixed(Color a, Color b, double share) {
  return {mixed(a.red, b.red, share), mixed(a.green, b.green, share), mixed(a.blue, b.blue, share)};
}

ColorMap from_table(std::string name, std::string about, std::string_view table) {
  ColorMap map{.name = std::move(name), .about = std::move(about)};
  for (std::size_t i = 0; i < 256; ++i) map.colors[i] = hex_color(table.substr(6 * i, 6));
  return map;
}

/// Stops are evenly spaced and mixed in sRGB.
ColorMap from_stops(std::string name, std::string about,
                    std::initializer_list<std::string_view> texts) {
  ColorMap map{.name = std::move(name), .about = std::move(about)};
  std::vector<Color> stops;
  for (const auto text : texts) stops.push_back(hex_color(text));
  for (std::size_t i = 0; i < 256; ++i) {
    const double place = static_cast<double>(i) / 255 * static_cast<double>(stops.size() - 1);
    const auto left = std::min(static_cast<std::size_t>(place), stops.size() - 2);
    map.colors[i] = mixed(stops[left], stops[left + 1], place - static_cast<double>(left));
  }
  return map;
}

std::vector<ColorMap> make_maps() {
  std::vector<ColorMap> maps;
  maps.push_back(from_table("viridis", "magnitudes, from zero up", viridis_table));
  maps.push_back(from_table("magma", "dark to pale, for decibels and losses", magma_table));
  maps.push_back(from_table("inferno", "dark to yellow", inferno_table));
  maps.push_back(from_table("cividis", "the same to colour-blind eyes", cividis_table));
  maps.push_back(from_table("coolwarm", "signed, pale middle", coolwarm_table));
  // Our own, for dark windows: coolwarm's hues around a dark middle.
  maps.push_back(
      from_stops("nightwarm", "signed, dark middle",
                 {"a9ccff", "5b8fde", "2f5590", "1a2126", "93402e", "da6a4c", "ffb9a0"}));
  maps.push_back(from_stops("blue-white-red", "signed, white middle",
                            {"0000ff", "ffffff", "ff0000"}));  // plain mixing, nobody's
  maps.push_back(from_stops("grey", "black to white", {"000000", "ffffff"}));
  maps.push_back(from_table("twilight", "cyclic, for phases", twilight_table));
  for (auto& map : maps) {
    map.diverging =
        map.name == "coolwarm" || map.name == "nightwarm" || map.name == "blue-white-red";
    map.cyclic = map.name == "twilight";
  }
  // Backwards ones follow, so that a list to choose from is the first half.
  const std::size_t count = maps.size();
  for (std::size_t i = 0; i < count; ++i) {
    ColorMap map = maps[i];
    map.name += "_r";
    map.about += ", backwards";
    std::ranges::reverse(map.colors);
    maps.push_back(std::move(map));
  }
  return maps;
}

double luminance(Color c) {
  const auto linear = [](std::uint8_t value) {
    const double x = value / 255.0;
    return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

}  // namespace

Color ColorMap::at(double position) const {
  const double place = std::clamp(position, 0.0, 1.0) * 255;
  const auto left = std::min<std::size_t>(static_cast<std::size_t>(place), 254);
  return mixed(colors[left], colors[left + 1], place - static_cast<double>(left));
}

const std::vector<ColorMap>& color_maps() {
  static const std::vector<ColorMap> maps = make_maps();
  return maps;
}

const ColorMap& find_color_map(std::string_view name) {
  std::string names;
  for (const auto& map : color_maps()) {
    if (map.name == name) return map;
    if (!map.name.ends_with("_r")) names += (names.empty() ? "" : ", ") + map.name;
  }
  throw std::invalid_argument("there is no colour map \"" + std::string(name) + "\"; there are " +
                              names + ", and each backwards as NAME_r");
}

const ColorMap& color_map_for(const ColorRule& rule, bool dark, bool over_picture) {
  if (!rule.map.empty()) return find_color_map(rule.map);
  switch (rule.quantity) {
    case Quantity::signed_value:
      return find_color_map(dark && !over_picture ? "nightwarm" : "coolwarm");
    case Quantity::matrix:
      return find_color_map("magma");
    case Quantity::loss:
      return find_color_map(dark ? "magma" : "magma_r");
    case Quantity::phase:
      return find_color_map("twilight");
    case Quantity::magnitude:
      break;
  }
  return find_color_map("viridis");
}

double contrast(Color a, Color b) {
  const double one = luminance(a), other = luminance(b);
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

Color text_on(Color background) {
  const Color black{0, 0, 0}, white{255, 255, 255};
  return contrast(background, black) >= contrast(background, white) ? black : white;
}

}  // namespace hyena::inspect
