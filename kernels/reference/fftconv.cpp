#include "kernels/reference/fftconv.h"

#include <algorithm>

namespace hyena::kernels::reference {

namespace {

/// Σ a[i] · b[i] for i = 0 … count − 1, b backwards when `step` is −1. Four running sums: the order
/// of the additions is fixed and the compiler may still use vectors.
double dot(const double* a, const double* b, std::int64_t step, std::int64_t count) {
  double sums[4] = {0, 0, 0, 0};
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::int64_t j = 0; j < 4; ++j) sums[j] += a[i + j] * b[step * (i + j)];
  }
  for (; i < count; ++i) sums[0] += a[i] * b[step * i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

std::int64_t size(std::span<const double> x) {
  return static_cast<std::int64_t>(x.size());
}

}  // namespace

double output_at(std::span<const double> u, std::span<const double> h, std::int64_t centre,
                 std::int64_t t) {
  // Taps a with 0 ≤ t + centre − a < L.
  const std::int64_t first = std::max<std::int64_t>(0, t + centre - size(u) + 1);
  const std::int64_t last = std::min(size(h), t + centre + 1);
  if (first >= last) return 0;
  return dot(h.data() + first, u.data() + (t + centre - first), -1, last - first);
}

double signal_gradient_at(std::span<const double> dy, std::span<const double> h,
                          std::int64_t centre, std::int64_t s) {
  // Outputs t with 0 ≤ t + centre − s < K.
  const std::int64_t first = std::max<std::int64_t>(0, s - centre);
  const std::int64_t last = std::min(size(dy), size(h) + s - centre);
  if (first >= last) return 0;
  return dot(dy.data() + first, h.data() + (first + centre - s), 1, last - first);
}

double tap_gradient_at(std::span<const double> dy, std::span<const double> u, std::int64_t centre,
                       std::int64_t a) {
  // Outputs t with 0 ≤ t + centre − a < L.
  const std::int64_t first = std::max<std::int64_t>(0, a - centre);
  const std::int64_t last = std::min(size(dy), size(u) + a - centre);
  if (first >= last) return 0;
  return dot(dy.data() + first, u.data() + (first + centre - a), 1, last - first);
}

void convolve(std::span<const double> u, std::span<const double> h, std::int64_t centre,
              std::span<double> y) {
  for (std::int64_t t = 0; t < size(u); ++t) y[t] = output_at(u, h, centre, t);
}

void convolve_backward(std::span<const double> u, std::span<const double> h, std::int64_t centre,
                       std::span<const double> dy, std::span<double> du, std::span<double> dh) {
  for (std::int64_t s = 0; s < size(u); ++s) du[s] = signal_gradient_at(dy, h, centre, s);
  for (std::int64_t a = 0; a < size(h); ++a) dh[a] = tap_gradient_at(dy, u, centre, a);
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
