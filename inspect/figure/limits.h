#pragma once

#include <cstdint>
#include <vector>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

/// The ends of a colour scale, and what they leave out.
struct ResolvedLimits {
  double low = 0, high = 1;
  std::int64_t below = 0, above = 0;  ///< values beyond the ends
  std::int64_t finite = 0;            ///< values that are numbers and not masked
  std::int64_t nan = 0;               ///< not a number, or infinite

  /// Share of the finite values that are beyond the ends, 0 … 1.
  double clipped() const;
  /// 0 … 1 from low to high, not clamped.
  double position(double value) const { return (value - low) / (high - low); }
};

/// Policy "data": smallest to largest value; "percentile": from the (100 − p)th to the pth, or ±
/// the pth of |value| where symmetric; "fixed": limits.low and limits.high. Percentiles are exact:
/// linear between the neighbours in the sorted values. Where all values are equal, or none is
/// finite, the ends are put apart. Masked values (mask not 0) do not count. Throws
/// std::invalid_argument for an unknown policy, a percentile outside (50, 100], a mask of another
/// size, or fixed ends that are not in order.
ResolvedLimits resolve(const Limits& limits, const Array& values, const Array& mask = {});

/// Fills in low and high of every colour rule of the figure, each of its own map; ends that are
/// "fixed", or that a view found over a scope wider than its map, stay.
void resolve_limits(Figure& figure);

/// Counts of the finite values in `bins` equal parts of [low, high]; what is beyond is left out.
std::vector<std::int64_t> histogram(const Array& values, double low, double high,
                                    std::int64_t bins);

}  // namespace hyena::inspect
