#pragma once

#include <cstdint>
#include <span>

/// Long convolutions by direct sums in double precision: the specification that every faster form
/// is compared with. No FFT, no blocking, nothing shared with what it checks.
namespace hyena::kernels::reference {

/// One channel of a long convolution, y[t] = Σ_a h[a] · u[t + centre − a], zeros outside u.
///   u  (L)  signal
///   h  (K)  taps; tap `centre` is lag 0: 0 for a causal filter, K/2 for a centred one
///   y  (L)  written
/// Source: Hyena (Poli et al. 2023), Def. 3.1 for centre 0; HyenaPixel's fftconv for centre K/2.
void convolve(std::span<const double> u, std::span<const double> h, std::int64_t centre,
              std::span<double> y);

/// Gradients of Σ dy[t] · y[t] with respect to one element:
///   du[s] = Σ_t dy[t] · h[t + centre − s],   dh[a] = Σ_t dy[t] · u[t + centre − a]
/// and one output y[t], for checks of long signals at a few places.
double output_at(std::span<const double> u, std::span<const double> h, std::int64_t centre,
                 std::int64_t t);
double signal_gradient_at(std::span<const double> dy, std::span<const double> h,
                          std::int64_t centre, std::int64_t s);
double tap_gradient_at(std::span<const double> dy, std::span<const double> u, std::int64_t centre,
                       std::int64_t a);

/// All of them. du (L), dh (K), written.
void convolve_backward(std::span<const double> u, std::span<const double> h, std::int64_t centre,
                       std::span<const double> dy, std::span<double> du, std::span<double> dh);

/// Geometry of a 2-D convolution of one channel.
struct Grid {
  std::int64_t height = 0;         ///< H of the signal
  std::int64_t width = 0;          ///< W of the signal
  std::int64_t kernel_height = 0;  ///< KH
  std::int64_t kernel_width = 0;   ///< KW
  std::int64_t centre_row = 0;     ///< row of lag 0, KH/2 for a centred kernel
  std::int64_t centre_column = 0;  ///< column of lag 0
  bool circular = false;           ///< wrap around instead of zeros outside
};

/// One channel of a 2-D convolution, y[i,j] = Σ_{a,b} h[a,b] · u[i + cr − a, j + cc − b].
///   u (H·W), h (KH·KW), y (H·W), row-major.
void convolve2d(const Grid& grid, std::span<const double> u, std::span<const double> h,
                std::span<double> y);

}  // namespace hyena::kernels::reference
