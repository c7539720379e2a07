// How long a repaint of a window takes: paint_speed [REPEATS]. Prints milliseconds of one thread's
// processor time, the least and the middle of them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <QImage>
#include <QPainter>

#include "inspect/paint/figure_painter.h"
#include "inspect/paint/gui.h"

namespace {

using namespace hyena::inspect;

double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

std::vector<float> noise(std::int64_t count, unsigned seed) {
  std::mt19937 draws(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (auto& value : values) value = normal(draws);
  return values;
}

Figure heat_map() {
  HeatMap map;
  map.cells = Array("H", {"target", "source"}, {1024, 1024}, noise(1024 * 1024, 1));
  map.color = {.quantity = Quantity::signed_value, .title = "H"};
  Figure figure;
  figure.title = "A map of 1024 x 1024 cells";
  figure.panels.push_back({.title = "H", .content = std::move(map)});
  return figure;
}

Figure curves(std::int64_t count, std::int64_t points) {
  Lines lines;
  for (std::int64_t i = 0; i < count; ++i) {
    auto values = noise(points, static_cast<unsigned>(2 + i));
    for (std::size_t j = 0; j < values.size(); ++j) {
      const auto lag = static_cast<double>(j) / static_cast<double>(points);
      values[j] *= static_cast<float>(std::exp(-4 * lag));
    }
    lines.curves.push_back({.x = ramp("lag", "lag", 0, 1, points),
                            .y = Array("h", {"lag"}, {points}, std::move(values)),
                            .shade = static_cast<double>(i) / static_cast<double>(count)});
  }
  Figure figure;
  figure.title = std::to_string(count) + " curves of " + std::to_string(points) + " points";
  figure.panels.push_back({.title = "h", .content = std::move(lines)});
  return figure;
}

void measure(const Figure& figure, double scale, int repeats) {
  QImage page(static_cast<int>(1200 * scale), static_cast<int>(1100 * scale), QImage::Format_RGB32);
  FigurePainter painter(figure, find_theme("light"));
  const auto layout = painter.layout({1200, 1100});
  std::vector<double> times;
  for (int i = 0; i <= repeats; ++i) {
    const double start = milliseconds();
    QPainter on(&page);
    on.scale(scale, scale);
    painter.paint(on, layout);
    on.end();
    if (i > 0) times.push_back(milliseconds() - start);  // the first one fills the caches
  }
  std::sort(times.begin(), times.end());
  std::printf("%-32s scale %g: least %7.2f ms, middle %7.2f ms\n", figure.title.c_str(), scale,
              times.front(), times[times.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
  ensure_gui();
  for (const double scale : {1.0, 2.0}) {
    measure(heat_map(), scale, repeats);
    measure(curves(64, 8192), scale, repeats);
    measure(curves(64, 2048), scale, repeats);
  }
}
