#include "inspect/paint/figure_painter.h"

#include <algorithm>
#include <utility>

#include "inspect/figure/figure_json.h"
#include "inspect/figure/figure_text.h"
#include "inspect/figure/ticks.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

const HeatMap* map_of(const Panel& panel) {
  if (const auto* map = std::get_if<HeatMap>(&panel.content)) return map;
  const auto* picture = std::get_if<Picture>(&panel.content);
  return picture && picture->overlaid ? &picture->overlay : nullptr;
}

bool equal(const Limits& a, const Limits& b) {
  return a.policy == b.policy && a.percentile == b.percentile && a.symmetric == b.symmetric &&
         a.low == b.low && a.high == b.high;
}

/// A bar that lies: "0 ▭▭▭ 8 nats", at the right end of the title's line.
void paint_strip_scale(Canvas& canvas, const TokenStrip& strip, const PanelLayout& layout) {
  if (strip.values.empty()) return;
  const Theme& theme = canvas.theme;
  const double u = canvas.u, y = layout.title.center().y();
  const QFont font = sans(theme.label);
  const QString high = drawable(number_text(layout.limits.high, 3) + " " + strip.color.title);
  const QString low = drawable(number_text(layout.limits.low, 3));
  double x = layout.title.right() - text_width(font, high);
  canvas.text({x, y}, high, font, theme.text2, Across::left, Down::middle);
  const ColorMap& map = color_map_for(strip.color, theme.dark);
  QImage colors(256, 16, QImage::Format_RGB32);
  for (int i = 0; i < 16 * 256; ++i) {
    colors.setPixelColor(i % 256, i / 256, to_qt(map.colors[static_cast<std::size_t>(i % 256)]));
  }
  const QRectF bar(x - 96 * u, y - 4 * u, 90 * u, 8 * u);
  canvas.image(bar, colors, false);
  canvas.frame(bar, theme.text3, theme.axis * 0.75);
  canvas.text({bar.left() - 6 * u, y}, low, font, theme.text2, Across::right, Down::middle);
}

void paint_title(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  const Theme& theme = canvas.theme;
  const QRectF& line = layout.title;
  if (panel.thumbnail) {
    const QFont font = sans(theme.label);
    canvas.text({layout.plot.left(), line.center().y()},
                elided(font, drawable(panel.title), layout.plot.width()), font, theme.text2,
                Across::left, Down::middle);
    return;
  }
  if (theme.print) {
    canvas.text({line.left(), line.center().y()},
                QString::fromStdString(panel_letter(layout.panel)),
                sans(theme.letter, Weight::semibold), theme.text, Across::left, Down::middle);
    return;
  }
  const QFont strong = sans(theme.title, Weight::semibold), plain = sans(theme.title);
  const QString title = elided(strong, drawable(panel.title), line.width());
  canvas.text({line.left(), line.center().y()}, title, strong, theme.text, Across::left,
              Down::middle);
  const double used = title.isEmpty() ? 0 : text_width(strong, title) + 10 * theme.unit;
  canvas.text({line.left() + used, line.center().y()},
              elided(plain, drawable(panel.subtitle), line.width() - used), plain, theme.text3,
              Across::left, Down::middle);
}

}  // namespace

FigurePainter::FigurePainter(Figure figure, const Theme& theme, PaintOptions options)
    : theme_(&theme), options_(options) {
  set_figure(std::move(figure));
}

void FigurePainter::set_figure(Figure figure) {
  check_figure(figure);
  figure_ = std::move(figure);
  std::erase_if(cells_, [this](const auto& one) { return one.first >= figure_.panels.size(); });
}

FigurePainter::Cells* FigurePainter::cells_of(std::size_t index) {
  const Panel& panel = figure_.panels[index];
  const auto* strip = std::get_if<TokenStrip>(&panel.content);
  const HeatMap* map = map_of(panel);
  if (!map && !strip) return nullptr;
  const Array& values = map ? map->cells : strip->values;
  const Array mask = map ? map->mask : Array();
  const Limits& asked = map ? map->color.limits : strip->color.limits;
  Cells& cells = cells_[index];
  const bool known = cells.values == values.data() && cells.mask == mask.data() &&
                     cells.keep_values.shape() == values.shape() && equal(cells.asked, asked);
  if (known) return &cells;
  Limits found = asked;
  // Resolved before, maybe over more than this panel.
  if (asked.low < asked.high) found.policy = "fixed";
  cells = {values.data(), mask.data(), asked, resolve(found, values, mask), {}, values, mask};
  return &cells;
}

const ResolvedLimits& FigurePainter::limits(std::size_t panel) {
  static const ResolvedLimits none;
  const Cells* cells = cells_of(panel);
  return cells ? cells->limits : none;
}

const QImage& FigurePainter::levels_of(std::size_t panel) {
  static const QImage none;
  Cells* cells = cells_of(panel);
  const HeatMap* map = map_of(figure_.panels[panel]);
  if (!cells || !map) return none;
  if (cells->levels.isNull()) cells->levels = quantised(*map, cells->limits);
  return cells->levels;
}

void FigurePainter::paint_panel(QPainter& painter, const PanelLayout& layout) {
  Canvas canvas(painter, *theme_, options_.text_outlines);
  const Panel& panel = figure_.panels[layout.panel];
  paint_title(canvas, panel, layout);
  // Below the axes, so that a curve at the edge does not cover them.
  if (const auto* lines = std::get_if<Lines>(&panel.content)) paint_lines(canvas, *lines, layout);
  if (const auto* map = std::get_if<HeatMap>(&panel.content)) {
    paint_heat_map(canvas, *map, layout, levels_of(layout.panel), panel.thumbnail);
    if (panel.thumbnail) canvas.frame(layout.plot, theme_->text3, theme_->axis * 0.75);
  }
  if (const auto* picture = std::get_if<Picture>(&panel.content)) {
    paint_picture(canvas, *picture, layout, levels_of(layout.panel));
  }
  if (const auto* boxes = std::get_if<Boxes>(&panel.content)) paint_boxes(canvas, *boxes, layout);
  if (const auto* bars = std::get_if<Bars>(&panel.content)) {
    paint_bars(canvas, *bars, panel, layout);
  }
  if (const auto* table = std::get_if<Table>(&panel.content)) paint_table(canvas, *table, layout);
  if (const auto* strip = std::get_if<TokenStrip>(&panel.content)) {
    paint_tokens(canvas, *strip, layout);
    paint_strip_scale(canvas, *strip, layout);
  }
  if (has_axes(panel)) paint_axes(canvas, panel, layout);
  if (const ColorRule* rule = color_bar_rule(panel)) {
    paint_color_bar(canvas, *rule, layout, std::holds_alternative<Picture>(panel.content));
  }
  if (panel.thumbnail) return;
  if (const auto* lines = std::get_if<Lines>(&panel.content); lines && lines->legend) {
    paint_legend(canvas, lines->curves, lines->shade_title, layout, false);
  }
  if (const auto* map = std::get_if<HeatMap>(&panel.content)) {
    paint_legend(canvas, map->overlays, {}, layout, true);
  }
}

void FigurePainter::paint(QPainter& painter, const FigureLayout& layout) {
  Canvas canvas(painter, *theme_, options_.text_outlines);
  const double u = theme_->unit;
  canvas.fill(layout.page, theme_->page);
  if (!layout.heading.isEmpty()) {
    const QFont strong = sans(theme_->heading, Weight::semibold), plain = sans(theme_->title);
    const QString title = elided(strong, drawable(figure_.title), layout.heading.width());
    const double y = layout.heading.center().y();
    canvas.text({layout.heading.left(), y}, title, strong, theme_->text, Across::left,
                Down::middle);
    const double used = text_width(strong, title) + 12 * u;
    canvas.text({layout.heading.left() + used, y},
                elided(plain, drawable(figure_.subtitle), layout.heading.width() - used), plain,
                theme_->text2, Across::left, Down::middle);
  }
  for (const auto& panel : layout.panels) paint_panel(painter, panel);
  if (layout.caption_lines.empty()) return;
  canvas.line(layout.caption.topLeft(), layout.caption.topRight(), theme_->line,
              theme_->axis * 0.75);
  const QFont font = sans(theme_->caption);
  double y = layout.caption.top() + 6 * u;
  for (const auto& line : layout.caption_lines) {
    canvas.text({layout.caption.left(), y}, line, font, theme_->text2, Across::left, Down::top);
    y += theme_->caption * 1.38;
  }
}

}  // namespace hyena::inspect
