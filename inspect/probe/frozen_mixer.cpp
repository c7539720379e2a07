#include "inspect/probe/frozen_mixer.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {
namespace {

using backbone::LongFilters;
using backbone::OptionError;

/// Lags first … first + K−1 along `dim` → lags 1−length … length−1, zeros where there are no taps.
at::Tensor two_sided(const at::Tensor& taps, std::int64_t dim, std::int64_t first,
                     std::int64_t length) {
  const std::int64_t last = first + taps.size(dim) - 1;
  const std::int64_t from = std::max(first, 1 - length), to = std::min(last, length - 1);
  auto sizes = taps.sizes().vec();
  sizes[static_cast<std::size_t>(dim)] = 2 * length - 1;
  auto out = at::zeros(sizes, taps.options());
  if (from <= to) {
    out.slice(dim, from + length - 1, to + length)
        .copy_(taps.slice(dim, from - first, to - first + 1));
  }
  return out;
}

/// The middle of the full convolution of x (C, L) with a two-sided kernel (C, 2L−1), by FFT.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& kernel) {
  const std::int64_t length = x.size(1), points = 3 * length - 2;
  const auto spectrum = at::fft_rfft(x, points) * at::fft_rfft(kernel, points);
  return at::fft_irfft(spectrum, points).slice(1, length - 1, 2 * length - 1);
}

at::Tensor convolve_map(const at::Tensor& x, const at::Tensor& kernel, std::int64_t height,
                        std::int64_t width) {
  const std::vector<std::int64_t> points = {3 * height - 2, 3 * width - 2};
  const auto map = x.view({-1, height, width});
  const auto spectrum = at::fft_rfft2(map, points) * at::fft_rfft2(kernel, points);
  return at::fft_irfft2(spectrum, points)
      .slice(1, height - 1, 2 * height - 1)
      .slice(2, width - 1, 2 * width - 1)
      .flatten(1);
}

/// (F, …) → (C, …): channel c has filter channel c mod F.
at::Tensor for_channels(const FrozenMixer& mixer, const at::Tensor& t) {
  std::vector<std::int64_t> times(static_cast<std::size_t>(t.dim()), 1);
  times[0] = mixer.channels / t.size(0);
  return times[0] == 1 ? t : t.repeat(times);
}

at::Tensor filtered(const FrozenMixer& mixer, const at::Tensor& x, std::int64_t order, bool skip,
                    bool transposed) {
  auto kernel = for_channels(mixer, mixer.kernel[order]);
  at::Tensor out;
  if (mixer.over_map()) {
    if (transposed) kernel = kernel.flip({1, 2});
    out = convolve_map(x.contiguous(), kernel, mixer.grid.height, mixer.grid.width);
  } else {
    out = convolve(x, transposed ? kernel.flip({1}) : kernel);
  }
  return skip ? out + for_channels(mixer, mixer.skip[order]).unsqueeze(1) * x : out;
}

/// (1, C, L) or (1, C, H, W) → (C, L) in float32 or better.
at::Tensor stream(const Captured& captured, const std::string& tap) {
  auto t = captured.tensors.at(tap)[0];
  if (t.dim() == 3) t = t.flatten(1);
  return (t.scalar_type() == at::kDouble ? t : t.to(at::kFloat)).detach();
}

void set_kernel(FrozenMixer& mixer) {
  const LongFilters& f = mixer.filters;
  if (mixer.over_map()) {
    const auto rows = two_sided(f.taps, 1, -(f.taps.size(1) / 2), mixer.grid.height);
    mixer.kernel = two_sided(rows, 2, -(f.taps.size(2) / 2), mixer.grid.width).unsqueeze(0);
    mixer.skip =
        f.skip.defined() ? f.skip.unsqueeze(0) : at::zeros({1, f.taps.size(0)}, f.taps.options());
  } else {
    mixer.kernel = two_sided(f.taps, 2, f.first_lag, mixer.tokens);
    mixer.skip = f.skip;
  }
  mixer.kernel = mixer.kernel.to(mixer.v.options());
  mixer.skip = mixer.skip.to(mixer.v.options());
}

}  // namespace

std::vector<std::string> freeze_taps(OpenedSubject& subject, std::int64_t layer) {
  const OpenedLayer& opened = subject.layer(layer);
  const auto& facts = subject.facts().layers[static_cast<std::size_t>(layer)];
  std::vector<std::string> names;
  if (facts.filters > 0) {
    names = {"g_out", "v", "product", "y"};
    for (std::int64_t o = 0; o < facts.filters; ++o) names.push_back("g_in." + std::to_string(o));
  } else if (facts.mixer == "attention" || facts.mixer == "mha") {
    names = {"attention", "v", "y"};
  } else {
    throw OptionError("layer " + std::to_string(layer) + " (" + opened.name + ") is a " +
                      facts.mixer + ", which has no matrix between tokens of its own; choose a " +
                      "layer with Hyena or attention");
  }
  for (auto& name : names) name = tap_name(opened, name);
  return names;
}

FrozenMixer freeze(OpenedSubject& subject, const Captured& captured, std::int64_t layer) {
  const at::NoGradGuard no_grad;
  const OpenedLayer& opened = subject.layer(layer);
  const auto tensor = [&](const std::string& name) {
    return stream(captured, tap_name(opened, name));
  };
  FrozenMixer out;
  out.v = tensor("v");
  out.y = tensor("y");
  out.channels = out.v.size(0);
  out.tokens = out.v.size(1);
  out.causal = opened.mixer->causal();
  out.grid = opened.grid;
  if (captured.tensors.contains(tap_name(opened, "attention"))) {
    out.attention = captured.tensors.at(tap_name(opened, "attention"))[0].to(out.v.options());
    out.filters.heads = out.attention.size(0);
    return out;
  }
  const auto sequence = backbone::TokenGrid{.height = 1, .width = out.tokens};
  out.filters = opened.mixer->long_filters(subject.facts().vision() ? opened.grid : sequence);
  if (!out.filters.not_linear.empty()) {
    throw OptionError("layer " + std::to_string(layer) + ": " + out.filters.not_linear +
                      ", so there is no matrix for each channel");
  }
  out.g_out = tensor("g_out");
  const std::int64_t orders = out.over_map() ? 1 : out.filters.taps.size(0);
  for (std::int64_t o = 0; o < orders; ++o) out.g_in.push_back(tensor("g_in." + std::to_string(o)));
  if (out.filters.normalised) {
    out.v = tensor("product");
    out.g_in = {at::ones_like(out.v)};
  }
  set_kernel(out);
  return out;
}

FrozenMixer freeze(OpenedSubject& subject, const at::Tensor& input, std::int64_t layer,
                   const Progress& progress) {
  return freeze(subject, capture(subject, input, freeze_taps(subject, layer), progress), layer);
}

at::Tensor apply(const FrozenMixer& mixer, const at::Tensor& v, bool skip) {
  if (mixer.attention.defined()) {
    const auto heads = v.unflatten(0, {mixer.matrices(), -1});  // (heads, C/heads, L)
    return at::matmul(heads, mixer.attention.transpose(1, 2)).flatten(0, 1);
  }
  auto w = v;
  for (std::int64_t o = 0; o < mixer.orders(); ++o) {
    w = filtered(mixer, w * mixer.g_in[static_cast<std::size_t>(o)], o, skip, false);
  }
  return w * mixer.g_out;
}

at::Tensor apply_transposed(const FrozenMixer& mixer, const at::Tensor& r, bool skip) {
  if (mixer.attention.defined()) {
    return at::matmul(r.unflatten(0, {mixer.matrices(), -1}), mixer.attention).flatten(0, 1);
  }
  auto w = r * mixer.g_out;
  for (std::int64_t o = mixer.orders(); o-- > 0;) {
    w = filtered(mixer, w, o, skip, true) * mixer.g_in[static_cast<std::size_t>(o)];
  }
  return w;
}

at::Tensor constant_part(const FrozenMixer& mixer) {
  if (!mixer.filters.offset.defined()) return at::zeros_like(mixer.y);
  return mixer.filters.offset.to(mixer.y.options()) * mixer.g_out;
}

}  // namespace hyena::inspect
