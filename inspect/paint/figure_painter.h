#pragma once

#include <map>
#include <memory>
#include <string>

#include <QImage>
#include <QPainter>
#include <QSizeF>

#include "inspect/figure/figure.h"
#include "inspect/paint/layout.h"
#include "inspect/paint/theme.h"

namespace hyena::inspect {

struct PaintOptions {
  bool heading = true;         ///< the figure's title above, in the themes of windows
  bool caption = false;        ///< below, in every theme; paper always has it
  bool text_outlines = false;  ///< text as shapes, for files opened where the fonts are not
};

/// Paints a figure: layout() says where everything lies, paint() paints all of it, paint_panel()
/// one panel. Sizes are in layout units (Theme::unit); scale the painter for more pixels. Cells
/// turned into levels are kept until the numbers or limits change, so that a new theme, size or
/// range costs no pass over them. One painter belongs to one thread, the GUI's.
class FigurePainter {
 public:
  /// Throws std::invalid_argument for a figure that check_figure() refuses.
  FigurePainter(Figure figure, const Theme& theme, PaintOptions options = {});

  void set_figure(Figure figure);
  void set_theme(const Theme& theme) { theme_ = &theme; }
  const Figure& figure() const { return figure_; }
  const Theme& theme() const { return *theme_; }

  FigureLayout layout(QSizeF size);
  /// The height at which panels have good proportions in a page of this width.
  double preferred_height(double width);

  /// Page, heading, panels and caption.
  void paint(QPainter& painter, const FigureLayout& layout);
  /// One panel with its title and axes, without the page below it.
  void paint_panel(QPainter& painter, const PanelLayout& layout);

  /// Limits as they are painted: the panel's, found by their policy where they are not resolved.
  const ResolvedLimits& limits(std::size_t panel);

 private:
  struct Cells {
    const float* values = nullptr;  ///< of which numbers it was made
    const float* mask = nullptr;
    Limits asked = {};
    ResolvedLimits limits = {};
    QImage levels = {};  ///< null until painted
    Array keep_values = {}, keep_mask = {};
  };
  Cells* cells_of(std::size_t panel);
  const QImage& levels_of(std::size_t panel);

  Figure figure_;
  const Theme* theme_;
  PaintOptions options_;
  std::map<std::size_t, Cells> cells_;
};

}  // namespace hyena::inspect
