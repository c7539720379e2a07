#include "backbone/ops/fftconv_composed.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "backbone/ops/float32_island.h"

namespace hyena::backbone {
namespace {

/// Smallest n' ≥ n with no prime factor above 7: what FFT libraries are fast at.
std::int64_t fast_size(std::int64_t n) {
  for (;; ++n) {
    std::int64_t rest = n;
    for (const std::int64_t p : {2, 3, 5, 7}) {
      while (rest % p == 0) rest /= p;
    }
    if (rest == 1) return n;
  }
}

/// One axis of a convolution that runs on a circle of `size` points: the taps [first, last) matter,
/// and output t stands at t + shift.
struct Axis {
  std::int64_t first, last, shift, size;
};

Axis zero_padded(std::int64_t length, std::int64_t taps, std::int64_t centre) {
  Axis axis{};
  axis.first = std::max<std::int64_t>(0, centre - (length - 1));
  axis.last = std::max(axis.first + 1, std::min(taps, centre + length));
  const std::int64_t kept = axis.last - axis.first;
  axis.shift = centre - axis.first;
  // Wrapped samples must miss the wanted ones, shift … shift + length − 1, from both sides.
  axis.size = fast_size(std::max(length + kept - 1 - axis.shift, axis.shift + length));
  return axis;
}

/// One row of taps for each channel.
at::Tensor per_channel(const at::Tensor& h, std::int64_t channels) {
  if (h.size(0) == channels) return h;
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(h.dim()), 1);
  repeats[0] = channels / h.size(0);
  return h.repeat(repeats);
}

}  // namespace

at::Tensor composed_fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                            std::int64_t centre) {
  const auto dtype = compute_type(u);
  const auto x = u.to(dtype);
  const std::int64_t length = u.size(2);
  const Axis axis = zero_padded(length, h.size(1), centre);

  const auto taps = per_channel(h.to(dtype).slice(1, axis.first, axis.last), u.size(1));  // (D, K')
  const auto spectrum = at::fft_rfft(x, axis.size) * at::fft_rfft(taps, axis.size);  // (B, D, F)
  auto y = at::fft_irfft(spectrum, axis.size).slice(2, axis.shift, axis.shift + length);
  if (bias.defined()) y = y + x * bias.to(dtype).unsqueeze(1);
  return y.to(u.scalar_type());
}

at::Tensor composed_fftconv2d(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                              const GridGeometry& geometry) {
  const auto dtype = compute_type(u);
  const auto x = u.to(dtype);
  const std::int64_t height = u.size(2), width = u.size(3);
  const auto [centre_row, centre_column, circular] = geometry;
  auto taps = h.to(dtype);

  Axis rows{}, columns{};
  if (!circular) {
    rows = zero_padded(height, h.size(1), centre_row);
    columns = zero_padded(width, h.size(2), centre_column);
    taps = taps.slice(1, rows.first, rows.last).slice(2, columns.first, columns.last);
  } else {
    // Fold the taps onto the circle, then turn it so that lag 0 stands at the origin.
    const auto fold = [](const at::Tensor& k, std::int64_t dim, std::int64_t n) {
      const std::int64_t turns = (k.size(dim) + n - 1) / n;
      std::vector<std::int64_t> pad(static_cast<std::size_t>(2 * (k.dim() - dim)), 0);
      pad.back() = turns * n - k.size(dim);
      return at::constant_pad_nd(k, pad).unflatten(dim, {turns, n}).sum(dim);
    };
    taps = at::roll(fold(fold(taps, 1, height), 2, width), {-centre_row, -centre_column}, {1, 2});
    rows.size = height;
    columns.size = width;
  }

  const std::int64_t size[] = {rows.size, columns.size};
  taps = per_channel(taps, u.size(1));  // (D, KH', KW')
  const auto spectrum = at::fft_rfft2(x, size) * at::fft_rfft2(taps, size);
  auto y = at::fft_irfft2(spectrum, size)
               .slice(2, rows.shift, rows.shift + height)
               .slice(3, columns.shift, columns.shift + width);
  if (bias.defined()) y = y + x * bias.to(dtype).view({-1, 1, 1});
  return y.to(u.scalar_type());
}

}  // namespace hyena::backbone
