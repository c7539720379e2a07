#pragma once

#include <string>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

/// The figure in a theme ("light", "dark") as a "data:" address for a page of HTML: SVG where that
/// is small, else PNG at twice the screen's resolution. The page has title and caption itself.
std::string picture_address(const Figure& figure, const std::string& theme);

}  // namespace hyena::inspect
