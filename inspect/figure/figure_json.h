#pragma once

#include <nlohmann/json.hpp>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

/// Everything in the figure, arrays included. float32 values in the fewest digits that give them
/// back; NaN is null, infinities are "inf" and "-inf".
nlohmann::json figure_json(const Figure& figure);
nlohmann::json provenance_json(const Provenance& provenance);

/// The figure again. Throws std::invalid_argument, naming the place ("figure.panels[2].x.title: a
/// text is expected, found a number"), for what is no figure; checked by check_figure().
Figure figure_from_json(const nlohmann::json& json);

/// Throws std::invalid_argument, naming the panel, for a figure that cannot be painted: cells that
/// are no matrix, a mask or a curve of another size, ranges out of order, an unknown colour map.
void check_figure(const Figure& figure);

}  // namespace hyena::inspect
