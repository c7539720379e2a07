#pragma once

#include <vector>

#include "inspect/figure/figure.h"

namespace hyena::tests {

/// Figures of every kind of panel from numbers made here, the same in every run: decaying
/// oscillations, a filter bank, patches over a picture, tokens, a table, boxes, a wall.
std::vector<inspect::Figure> gallery();

}  // namespace hyena::tests
