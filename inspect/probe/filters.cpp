#include "inspect/probe/filters.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {
namespace {

using backbone::OptionError;
constexpr double kNothing = 1e-6;  // of the largest |F|: no delay can be told
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

at::Tensor lags_of(const at::Tensor& h, std::int64_t first_lag) {
  return at::arange(first_lag, first_lag + h.size(-1), h.options());
}

/// Takes out jumps of more than π between neighbours of the last dimension.
at::Tensor unwrap(const at::Tensor& phase) {
  constexpr double kTurn = 2 * std::numbers::pi;
  const auto step = at::diff(phase, 1, -1);
  const auto turns = at::round(step / kTurn).cumsum(-1) * kTurn;
  return at::cat({phase.slice(-1, 0, 1), phase.slice(-1, 1) - turns}, -1);
}

}  // namespace

backbone::LongFilters layer_filters(OpenedSubject& subject, std::int64_t layer,
                                    std::int64_t tokens) {
  const at::NoGradGuard no_grad;
  const OpenedLayer& opened = subject.layer(layer);
  const bool text = !subject.facts().vision();
  const backbone::TokenGrid grid =
      text && tokens > 0 ? backbone::TokenGrid{.height = 1, .width = tokens} : opened.grid;
  auto filters = opened.mixer->long_filters(grid);
  if (filters.taps.defined()) return filters;
  throw OptionError("layer " + std::to_string(layer) + " (" + opened.name +
                    ") has no long filters; its mixer is " +
                    subject.facts().layers[static_cast<std::size_t>(layer)].mixer);
}

at::Tensor sequence_taps(const backbone::LongFilters& filters, std::int64_t filter) {
  if (filters.over_map) {
    throw OptionError("this layer's filters are over maps, and one along a sequence is wanted");
  }
  if (filter < 0 || filter >= filters.taps.size(0)) {
    throw OptionError("there is no filter " + std::to_string(filter) + "; they go from 0 to " +
                      std::to_string(filters.taps.size(0) - 1));
  }
  return filters.taps[filter];
}

std::int64_t reach(const at::Tensor& h, std::int64_t first_lag) {
  return std::max(-first_lag, first_lag + h.size(-1) - 1) + 1;
}

Spectrum spectrum(const at::Tensor& h, std::int64_t first_lag, const at::Tensor& skip) {
  const std::int64_t points = 2 * reach(h, first_lag);
  const auto lag = lags_of(h, first_lag);
  auto taps = h;
  if (skip.defined() && first_lag <= 0 && -first_lag < h.size(-1)) {
    taps = h.clone();
    taps.select(-1, -first_lag) += skip.to(h.options());
  }
  Spectrum out;
  out.frequency = at::arange(points / 2 + 1, h.options()) / static_cast<double>(points);
  const auto turn = out.frequency * (-2 * std::numbers::pi * static_cast<double>(first_lag));
  const auto shift = at::polar(at::ones_like(turn), turn);
  const auto f = at::fft_rfft(taps, points) * shift;
  // −dφ/dω = Re(Σ lag h e / Σ h e).
  const auto weighted = at::fft_rfft(taps * lag, points) * shift;
  out.magnitude = f.abs();
  out.phase = at::angle(f);
  out.unwrapped = unwrap(out.phase);
  const auto faint = out.magnitude <= kNothing * out.magnitude.amax(-1, /*keepdim=*/true);
  out.group_delay = at::real(weighted * f.conj()) / out.magnitude.square();
  out.group_delay = out.group_delay.masked_fill(faint, kNan);
  return out;
}

at::Tensor effective_length(const at::Tensor& h, std::int64_t first_lag, double share) {
  const std::int64_t length = reach(h, first_lag);
  const auto distance = lags_of(h, first_lag).abs().to(at::kLong);
  auto energy = at::zeros({h.size(0), length}, h.options());
  energy.index_add_(1, distance, h.square());
  const auto sum = energy.cumsum(1);
  return (sum >= share * sum.slice(1, length - 1)).to(at::kLong).argmax(1).to(h.dtype());
}

at::Tensor window_half_life(const at::Tensor& window, std::int64_t first_lag) {
  const auto side = window.slice(-1, -first_lag);  // lags 0, 1, …
  const auto half = side.slice(-1, 0, 1) / 2;
  const auto below = side <= half;
  const auto index = below.to(at::kLong).argmax(-1, /*keepdim=*/true);
  const auto before = (index - 1).clamp_min(0);
  const auto a = side.gather(-1, before), b = side.gather(-1, index);
  const auto at_half = before.to(window.dtype()) + (a - half) / (a - b);
  return at::where(below.any(-1, /*keepdim=*/true), at_half, at::full_like(at_half, kNan))
      .squeeze(-1);
}

Band band(const Spectrum& spectrum) {
  const auto& f = spectrum.frequency;
  const auto power = spectrum.magnitude.square();
  const auto total = power.sum(-1);
  Band out;
  out.centroid = (power * f).sum(-1) / total;
  out.bandwidth =
      ((power * (f - out.centroid.unsqueeze(-1)).square()).sum(-1) / total).clamp_min(0).sqrt();
  const auto part = [&](double low, double high) {
    return (power * ((f >= low) & (f < high))).sum(-1);
  };
  constexpr double kThird = 1.0 / 6;
  const auto most = at::stack({part(0, kThird), part(kThird, 2 * kThird), part(2 * kThird, 1)})
                        .argmax(0)
                        .cpu()
                        .contiguous();
  const char* const names[] = {"low", "band", "high"};
  for (std::int64_t i = 0; i < most.size(0); ++i) {
    out.label.emplace_back(names[most.const_data_ptr<std::int64_t>()[i]]);
  }
  return out;
}

}  // namespace hyena::inspect
