#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/mixer.h"

/// Filters over maps, h (F, KH, KW) with lag (0, 0) at [KH/2, KW/2], as pictures and spectra.
namespace hyena::inspect {

/// |FFT2| zero-padded to (2KH, 2KW), zero frequency at [KH, KW]; the axes go from −0.5 by steps of
/// 1/(2KH) and 1/(2KW) cycles a patch: (F, 2KH, 2KW).
at::Tensor spectrum2d(const at::Tensor& h);

/// Means over rings: of `maps` (F, H, W) around [row, column], ring r holds distances
/// r − ½ … r + ½: (F, R). NaN for a ring that holds no cell.
at::Tensor radial_profile(const at::Tensor& maps, std::int64_t row, std::int64_t column);

/// Means over directions: sector k of `sectors` is centred at k·180°/sectors from the x axis (down
/// is positive y; opposite directions count together), without the centre: (F, sectors).
at::Tensor angular_profile(const at::Tensor& maps, std::int64_t row, std::int64_t column,
                           std::int64_t sectors = 12);

/// The smallest distance from lag (0, 0), in patches, that holds `share` of Σ h²: (F).
at::Tensor effective_radius(const at::Tensor& h, double share = 0.9);

/// Filters h (F, K) along the raster order of a grid, seen from `token` (prefix counted): cell
/// (i, j) is the weight of patch (i, j) in token's sum, h[token − s]; zeros where there is no tap:
/// (F, height, width).
at::Tensor fold(const at::Tensor& h, std::int64_t first_lag, const backbone::TokenGrid& grid,
                std::int64_t token);

}  // namespace hyena::inspect
