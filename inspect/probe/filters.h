#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/probe/opened_subject.h"

/// Long filters along a sequence as signals. h is (F, K), one filter a row; tap i is lag
/// first_lag + i. Numbers are in the filter's precision.
namespace hyena::inspect {

/// A layer's filters at the model's own size, or for `tokens` of a text; without gradients.
/// Throws OptionError for a layer without long filters.
backbone::LongFilters layer_filters(OpenedSubject& subject, std::int64_t layer,
                                    std::int64_t tokens = 0);

/// One of a layer's filters, (F, K). Throws OptionError for filters over maps and for an order
/// there is none of.
at::Tensor sequence_taps(const backbone::LongFilters& filters, std::int64_t filter = 0);

/// L: the longest distance the taps reach, plus one.
std::int64_t reach(const at::Tensor& h, std::int64_t first_lag);

/// F(f) = Σ h[lag] exp(−2πi f lag), zero-padded to 2L points, unscaled.
struct Spectrum {
  at::Tensor frequency;  ///< (n), cycles a token, 0 … 0.5
  at::Tensor magnitude;  ///< (F, n)
  at::Tensor phase;      ///< (F, n), −π … π
  at::Tensor unwrapped;  ///< (F, n): without jumps of more than π along f
  at::Tensor group_delay;  ///< (F, n) tokens, −dφ/dω exactly; NaN where |F| is 1e-6 of its maximum
};
/// With `skip` (F) the response of h + skip at lag 0.
Spectrum spectrum(const at::Tensor& h, std::int64_t first_lag, const at::Tensor& skip = {});

/// The smallest lag l such that lags −l … l hold `share` of Σ h²: (F).
at::Tensor effective_length(const at::Tensor& h, std::int64_t first_lag, double share);

/// The first |lag| at which a window has fallen to half its value at lag 0, between lags by linear
/// interpolation: (F); NaN where it never does.
at::Tensor window_half_life(const at::Tensor& window, std::int64_t first_lag);

/// Of |F|² over 0 … 0.5: mean frequency and standard deviation, cycles a token, (F) each; and where
/// most of the energy is.
struct Band {
  at::Tensor centroid, bandwidth;
  std::vector<std::string> label;  ///< low: below 1/6, high: above 1/3 cycles a token, else band
};
Band band(const Spectrum& spectrum);

}  // namespace hyena::inspect
