#pragma once

#include <vector>

#include <QImage>
#include <QRectF>

#include "inspect/paint/axes.h"
#include "inspect/paint/canvas.h"
#include "inspect/paint/layout.h"

/// One function for each kind of panel: it paints what lies inside layout.plot.
namespace hyena::inspect {

/// Cells as levels 0 … 253 of a colour scale, 254 where masked, 255 where there is no number. Kept
/// between repaints; where colours alone change, only its colour table does.
constexpr int levels = 254, masked_level = 254, no_number_level = 255;
QImage quantised(const HeatMap& map, const ResolvedLimits& limits);
/// Colours for such an image. `alpha` as a function of the level where `by_size`: opacity follows
/// |position| on the scale.
QList<QRgb> level_colors(const ColorMap& map, const Theme& theme, double alpha = 1,
                         bool by_size = false, bool centred = false);

void paint_lines(Canvas& canvas, const Lines& lines, const PanelLayout& layout);
/// Curves over a map or a plot; decimated to the plot's columns.
void paint_curve(Canvas& canvas, const Curve& curve, const PanelLayout& layout, const QPen& pen);
/// `levels`: of quantised().
void paint_heat_map(Canvas& canvas, const HeatMap& map, const PanelLayout& layout,
                    const QImage& cell_levels, bool thumbnail);
void paint_marks(Canvas& canvas, const std::vector<Mark>& marks, const HeatMap& map,
                 const PanelLayout& layout);
void paint_picture(Canvas& canvas, const Picture& picture, const PanelLayout& layout,
                   const QImage& cell_levels);
void paint_bars(Canvas& canvas, const Bars& bars, const Panel& panel, const PanelLayout& layout);
void paint_tokens(Canvas& canvas, const TokenStrip& strip, const PanelLayout& layout);
void paint_table(Canvas& canvas, const Table& table, const PanelLayout& layout);
void paint_boxes(Canvas& canvas, const Boxes& boxes, const PanelLayout& layout);

/// Legend entries inside the plot, in the emptiest corner. `points`: of what is drawn, in pixels.
void paint_legend(Canvas& canvas, const std::vector<Curve>& curves, const std::string& shade_title,
                  const PanelLayout& layout, bool opaque);
/// Moves the upper end of a range that was found from the curves, where the legend would cover
/// some.
void make_room_for_legend(const Panel& panel, const Theme& theme, PanelLayout& layout);
QPen curve_pen(const Canvas& canvas, const Curve& curve);

/// Rectangles of what such a panel shows, for a plot of this width that starts at `at`.
std::vector<QRectF> token_items(const TokenStrip& strip, const Theme& theme, const QRectF& plot);
std::vector<QRectF> table_items(const Table& table, const Theme& theme, const QRectF& plot);
std::vector<QRectF> bar_items(const Bars& bars, const Theme& theme, const QRectF& plot);
std::vector<QRectF> box_items(const Boxes& boxes, const PanelLayout& layout);
/// Height that such a panel takes, 0: any.
double natural_height(const Panel& panel, const Theme& theme, double width);

}  // namespace hyena::inspect
