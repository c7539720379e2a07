#include "backbone/ops/fftconv.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "backbone/ops/float32_island.h"
#include "backbone/ops/flops.h"

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

void check(bool ok, const char* function, const char* argument, const std::string& wanted,
           const at::Tensor& got) {
  TORCH_CHECK(ok, function, ": ", argument, " must be ", wanted, ", got ",
              got.defined() ? c10::str(got.sizes(), " ", got.scalar_type(), " on ", got.device())
                            : std::string("nothing"));
}

void check_arguments(const char* function, const at::Tensor& u, const at::Tensor& h,
                     const at::Tensor& bias, std::int64_t dim) {
  check(u.defined() && u.dim() == dim && u.is_floating_point(), function, "signal u",
        dim == 3 ? "a floating-point (B, D, L)" : "a floating-point (B, D, H, W)", u);
  for (std::int64_t i = 2; i < dim; ++i) {
    TORCH_CHECK(u.size(i) > 0, function, ": signal u has no positions: ", u.sizes());
  }
  const std::int64_t channels = u.size(1);
  check(h.defined() && h.dim() == dim - 1 && h.is_floating_point() && h.size(0) > 0 &&
            channels % h.size(0) == 0 && h.numel() > 0,
        function, "filter h",
        c10::str(dim == 3 ? "(G, K)" : "(G, KH, KW)", " with G dividing D=", channels), h);
  TORCH_CHECK(h.device() == u.device(), function, ": filter h is on ", h.device(),
              ", the signal u on ", u.device());
  if (bias.defined()) {
    check(bias.dim() == 1 && bias.size(0) == channels && bias.device() == u.device(), function,
          "bias", c10::str("(D=", channels, ") on ", u.device()), bias);
  }
}

void count_fft(const at::Tensor& u, const at::Tensor& h, double points) {
  const auto rows = static_cast<double>(u.size(0) * u.size(1) * 2 + h.size(0));
  const auto spectra = static_cast<double>(u.size(0) * u.size(1));
  count_flops("fftconv",
              rows * 2.5 * points * std::log2(std::max(points, 2.0)) + spectra * 3.0 * points);
}

/// One row of taps for each channel.
at::Tensor per_channel(const at::Tensor& h, std::int64_t channels) {
  if (h.size(0) == channels) return h;
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(h.dim()), 1);
  repeats[0] = channels / h.size(0);
  return h.repeat(repeats);
}

}  // namespace

at::Tensor fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                   Support support) {
  check_arguments("fftconv", u, h, bias, 3);
  const Float32Island island;
  const auto dtype = compute_type(u);
  const auto x = u.to(dtype);
  const std::int64_t length = u.size(2);
  const Axis axis = zero_padded(length, h.size(1), support == Support::kCausal ? 0 : h.size(1) / 2);

  const auto taps = per_channel(h.to(dtype).slice(1, axis.first, axis.last), u.size(1));  // (D, K')
  const auto spectrum = at::fft_rfft(x, axis.size) * at::fft_rfft(taps, axis.size);  // (B, D, F)
  auto y = at::fft_irfft(spectrum, axis.size).slice(2, axis.shift, axis.shift + length);
  if (bias.defined()) y = y + x * bias.to(dtype).unsqueeze(1);
  count_fft(u, h, static_cast<double>(axis.size));
  return y.to(u.scalar_type());
}

at::Tensor gated_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const at::Tensor& h, const at::Tensor& bias, Support support) {
  const auto y = fftconv(k.defined() ? k * v : v, h, bias, support);
  return q.defined() ? q * y : y;
}

at::Tensor fftconv2d(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                     Boundary boundary, bool centred) {
  check_arguments("fftconv2d", u, h, bias, 4);
  const Float32Island island;
  const auto dtype = compute_type(u);
  const auto x = u.to(dtype);
  const std::int64_t height = u.size(2), width = u.size(3);
  const std::int64_t centre_row = centred ? h.size(1) / 2 : 0;
  const std::int64_t centre_column = centred ? h.size(2) / 2 : 0;
  auto taps = h.to(dtype);

  Axis rows{}, columns{};
  if (boundary == Boundary::kZero) {
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
  count_fft(u, h, static_cast<double>(rows.size * columns.size));
  return y.to(u.scalar_type());
}

}  // namespace hyena::backbone
