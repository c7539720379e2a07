#include "kernels/reference/fftconv.h"

namespace hyena::kernels::reference {

void convolve(std::span<const double> u, std::span<const double> h, std::int64_t centre,
              std::span<double> y) {
  const auto length = static_cast<std::int64_t>(u.size());
  const auto taps = static_cast<std::int64_t>(h.size());
  for (std::int64_t t = 0; t < length; ++t) {
    double sum = 0;
    for (std::int64_t a = 0; a < taps; ++a) {
      const std::int64_t s = t + centre - a;
      if (s >= 0 && s < length) sum += h[a] * u[s];
    }
    y[t] = sum;
  }
}

void convolve2d(const Grid& grid, std::span<const double> u, std::span<const double> h,
                std::span<double> y) {
  const auto wrap = [](std::int64_t i, std::int64_t n) { return ((i % n) + n) % n; };
  for (std::int64_t i = 0; i < grid.height; ++i) {
    for (std::int64_t j = 0; j < grid.width; ++j) {
      double sum = 0;
      for (std::int64_t a = 0; a < grid.kernel_height; ++a) {
        for (std::int64_t b = 0; b < grid.kernel_width; ++b) {
          std::int64_t r = i + grid.centre_row - a;
          std::int64_t c = j + grid.centre_column - b;
          if (grid.circular) {
            r = wrap(r, grid.height);
            c = wrap(c, grid.width);
          } else if (r < 0 || r >= grid.height || c < 0 || c >= grid.width) {
            continue;
          }
          sum += h[a * grid.kernel_width + b] * u[r * grid.width + c];
        }
      }
      y[i * grid.width + j] = sum;
    }
  }
}

}  // namespace hyena::kernels::reference
