#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Color&) const = default;
};

/// 256 colours from low to high.
struct ColorMap {
  std::string name = {};
  std::string about = {};  ///< "from zero up", for lists to choose from
  bool diverging = false;  ///< has a neutral middle, for zero
  bool cyclic = false;
  std::array<Color, 256> colors = {};

  /// 0 … 1, mixed between neighbours; beyond: the ends.
  Color at(double position) const;
};

const std::vector<ColorMap>& color_maps();

/// Throws std::invalid_argument that lists the names. "NAME_r" is the map backwards.
const ColorMap& find_color_map(std::string_view name);

/// What colours a quantity: rule.map where it is set, else by the quantity and whether the page is
/// dark. Pictures keep the light maps in every theme: `over_picture`.
const ColorMap& color_map_for(const ColorRule& rule, bool dark, bool over_picture = false);

/// Black or white, whichever is easier to read on it (the larger contrast ratio of WCAG 2).
Color text_on(Color background);
/// WCAG 2 contrast, 1 … 21.
double contrast(Color a, Color b);

}  // namespace hyena::inspect
