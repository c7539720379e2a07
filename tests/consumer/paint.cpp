#include <cstdio>

#include "inspect/paint/export.h"

// A curve as a picture.
int main() {
  using namespace hyena::inspect;
  Lines lines;
  lines.curves.push_back({.x = ramp("x", "x", 0, 1, 9), .y = ramp("y", "x", 1, 2, 9)});
  Figure figure;
  figure.title = "A line";
  figure.panels.push_back({.content = lines});
  const auto bytes = picture_bytes(figure, "png");
  std::printf("%zu bytes of PNG\n", bytes.size());
  return bytes.size() > 1000 ? 0 : 1;
}
