#include "inspect/probe/map_filters.h"

#include <numbers>
#include <string>
#include <tuple>

#include <ATen/ATen.h>

#include "backbone/options.h"

namespace hyena::inspect {
namespace {

struct Offsets {
  at::Tensor rows, columns;  ///< (H, W) each: from the centre, float64
};

Offsets offsets(const at::Tensor& maps, std::int64_t row, std::int64_t column) {
  const auto options = maps.options().dtype(at::kDouble);
  const std::int64_t h = maps.size(1), w = maps.size(2);
  return {at::arange(-row, h - row, options).unsqueeze(1).expand({h, w}),
          at::arange(-column, w - column, options).unsqueeze(0).expand({h, w})};
}

/// Means of maps (F, H, W) over the cells of each bin, (F, bins); cells of bin −1 count nowhere.
at::Tensor means(const at::Tensor& maps, const at::Tensor& bin, std::int64_t bins) {
  const auto index = (bin + 1).flatten();
  const auto values = maps.to(at::kDouble).flatten(1);
  auto sum = at::zeros({maps.size(0), bins + 1}, values.options());
  auto count = at::zeros({bins + 1}, values.options());
  sum.index_add_(1, index, values);
  count.index_add_(0, index, at::ones_like(values[0]));
  return (sum / count).slice(1, 1).to(maps.dtype());
}

}  // namespace

at::Tensor spectrum2d(const at::Tensor& h) {
  const std::vector<std::int64_t> points = {2 * h.size(1), 2 * h.size(2)};
  const std::vector<std::int64_t> dims = {1, 2};
  return at::fft_fftshift(at::fft_fft2(h, points), dims).abs();
}

at::Tensor radial_profile(const at::Tensor& maps, std::int64_t row, std::int64_t column) {
  const auto [i, j] = offsets(maps, row, column);
  const auto ring = at::round((i.square() + j.square()).sqrt()).to(at::kLong);
  return means(maps, ring, ring.max().item<std::int64_t>() + 1);
}

at::Tensor angular_profile(const at::Tensor& maps, std::int64_t row, std::int64_t column,
                           std::int64_t sectors) {
  if (sectors < 1) throw backbone::OptionError("sectors must be at least 1");
  const auto [i, j] = offsets(maps, row, column);
  const auto turn = at::atan2(i, j) / std::numbers::pi;  // half turns, −1 … 1
  const auto sector =
      at::round(turn * static_cast<double>(sectors)).to(at::kLong).remainder(sectors);
  const auto centre = (i == 0) & (j == 0);
  return means(maps, sector.masked_fill(centre, -1), sectors);
}

at::Tensor effective_radius(const at::Tensor& h, double share) {
  const auto [i, j] = offsets(h, h.size(1) / 2, h.size(2) / 2);
  const auto [distance, order] = (i.square() + j.square()).sqrt().flatten().sort();
  const auto energy = h.to(at::kDouble).square().flatten(1).index_select(1, order).cumsum(1);
  const auto reached = (energy >= share * energy.slice(1, energy.size(1) - 1)).to(at::kLong);
  return distance.index_select(0, reached.argmax(1)).to(h.dtype());
}

at::Tensor fold(const at::Tensor& h, std::int64_t first_lag, const backbone::TokenGrid& grid,
                std::int64_t token) {
  if (token < 0 || token >= grid.tokens()) {
    throw backbone::OptionError("there is no token " + std::to_string(token) +
                                "; they go from 0 to " + std::to_string(grid.tokens() - 1));
  }
  const auto source = at::arange(grid.prefix, grid.tokens(), h.options().dtype(at::kLong));
  const auto tap = token - source - first_lag;
  const auto inside = (tap >= 0) & (tap < h.size(1));
  const auto values = h.index_select(1, tap.clamp(0, h.size(1) - 1)) * inside;
  return values.unflatten(1, {grid.height, grid.width});
}

}  // namespace hyena::inspect
