#include <algorithm>
#include <cmath>

#include "inspect/paint/panels.h"

namespace hyena::inspect {
namespace {

QImage photograph(const Array& pixels) {
  const auto height = static_cast<int>(pixels.shape()[0]);
  const auto width = static_cast<int>(pixels.shape()[1]);
  QImage image(width, height, QImage::Format_RGB32);
  const float* value = pixels.data();
  const auto byte = [](float x) {
    return x >= 0 ? static_cast<int>(std::lround(std::min(x, 1.0F) * 255)) : 0;
  };
  for (int row = 0; row < height; ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int column = 0; column < width; ++column, value += 3) {
      line[column] = qRgb(byte(value[0]), byte(value[1]), byte(value[2]));
    }
  }
  return image;
}

}  // namespace

void paint_picture(Canvas& canvas, const Picture& picture, const PanelLayout& layout,
                   const QImage& cell_levels) {
  const Theme& theme = canvas.theme;
  // A photograph has no cells to keep apart.
  canvas.image(layout.plot, photograph(picture.pixels), picture.pixels.shape()[1] >= 96);
  if (!picture.overlaid) return;
  QImage cells = cell_levels;
  const bool centred = layout.limits.low == -layout.limits.high;
  cells.setColorTable(level_colors(color_map_for(picture.overlay.color, theme.dark, true), theme,
                                   picture.alpha, true, centred));
  const bool smooth = picture.overlay.smooth;
  canvas.image(layout.plot, cells.convertToFormat(QImage::Format_ARGB32), smooth);
  paint_marks(canvas, picture.marks, picture.overlay, layout);
}

}  // namespace hyena::inspect
