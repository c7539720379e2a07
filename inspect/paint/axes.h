#pragma once

#include <vector>

#include <QMarginsF>
#include <QString>

#include "inspect/figure/figure.h"
#include "inspect/figure/ticks.h"
#include "inspect/paint/canvas.h"
#include "inspect/paint/layout.h"

namespace hyena::inspect {

/// Sets the units at the edges of the plot: the axes' ranges where they are set, else those of what
/// is drawn. Ranges over cells are widened to whole cells.
void find_ranges(const Panel& panel, PanelLayout& layout);

/// Whether this kind of panel has axes around its plot.
bool has_axes(const Panel& panel);
/// Its colour rule where it has a colour bar beside the plot, else null.
const ColorRule* color_bar_rule(const Panel& panel);

/// What stands around the plot: titles, numbers, colour bar. `width` and `height`: of the cell.
QMarginsF margins(const Panel& panel, const PanelLayout& layout, const Theme& theme, double width,
                  double height);

/// Ticks as they are painted along this side, thinned out to the room there is.
std::vector<Tick> x_ticks(const Panel& panel, const PanelLayout& layout, const Theme& theme);
std::vector<Tick> y_ticks(const Panel& panel, const PanelLayout& layout, const Theme& theme);

/// Axes left and below (maps: a frame), ticks, numbers, titles, the scale above.
void paint_axes(Canvas& canvas, const Panel& panel, const PanelLayout& layout);

/// The colour bar in layout.color_bar with its triangles, numbers and title.
void paint_color_bar(Canvas& canvas, const ColorRule& rule, const PanelLayout& layout,
                     bool over_picture);
std::vector<Tick> color_bar_ticks(const ColorRule& rule, const ResolvedLimits& limits);

}  // namespace hyena::inspect
