#include "inspect/figure/limits.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace hyena::inspect {
namespace {

/// Reorders the values.
double percentile(std::vector<float>& values, double percent) {
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto left = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + left, values.end());
  const double low = values[static_cast<std::size_t>(left)];
  if (left + 1 == static_cast<std::ptrdiff_t>(values.size())) return low;
  const double high = *std::min_element(values.begin() + left + 1, values.end());
  return low + (place - static_cast<double>(left)) * (high - low);
}

std::vector<float> finite_values(const Array& values, const Array& mask, ResolvedLimits& found) {
  std::vector<float> kept;
  kept.reserve(static_cast<std::size_t>(values.size()));
  for (std::int64_t i = 0; i < values.size(); ++i) {
    if (!mask.empty() && mask[i] != 0) continue;
    if (std::isfinite(values[i])) {
      kept.push_back(values[i]);
    } else {
      ++found.nan;
    }
  }
  found.finite = static_cast<std::int64_t>(kept.size());
  return kept;
}

void find_ends(const Limits& limits, std::vector<float> kept, ResolvedLimits& found) {
  if (kept.empty()) return;
  const bool percent = limits.policy == "percentile";
  if (limits.symmetric) {
    std::ranges::transform(kept, kept.begin(), [](float x) { return std::abs(x); });
    found.high = percent ? percentile(kept, limits.percentile) : *std::ranges::max_element(kept);
    found.low = -found.high;
  } else if (percent) {
    found.low = percentile(kept, 100 - limits.percentile);
    found.high = percentile(kept, limits.percentile);
  } else {
    const auto [low, high] = std::ranges::minmax(kept);
    found.low = low;
    found.high = high;
  }
}

void check(const Limits& limits, const Array& values, const Array& mask) {
  if (limits.policy != "data" && limits.policy != "percentile" && limits.policy != "fixed") {
    throw std::invalid_argument("colour limits: there is no policy \"" + limits.policy +
                                "\"; there are data, percentile and fixed");
  }
  if (limits.policy == "percentile" && !(limits.percentile > 50 && limits.percentile <= 100)) {
    throw std::invalid_argument("colour limits: a percentile lies above 50 and up to 100, not " +
                                std::to_string(limits.percentile));
  }
  if (limits.policy == "fixed" && !(limits.low < limits.high)) {
    throw std::invalid_argument("colour limits: fixed ends must be in order, not " +
                                std::to_string(limits.low) + " to " + std::to_string(limits.high));
  }
  if (!mask.empty() && mask.size() != values.size()) {
    throw std::invalid_argument("colour limits: a mask of " + std::to_string(mask.size()) +
                                " cells for " + std::to_string(values.size()) + " values");
  }
}

}  // namespace

double ResolvedLimits::clipped() const {
  return finite == 0 ? 0 : static_cast<double>(below + above) / static_cast<double>(finite);
}

ResolvedLimits resolve(const Limits& limits, const Array& values, const Array& mask) {
  check(limits, values, mask);
  ResolvedLimits found;
  const std::vector<float> kept = finite_values(values, mask, found);
  if (limits.policy == "fixed") {
    found.low = limits.low;
    found.high = limits.high;
  } else {
    find_ends(limits, kept, found);
    if (!(found.low < found.high)) {
      const double apart = found.high == 0 ? 1 : std::abs(found.high) * 0.5;
      found.high += apart;
      found.low = limits.symmetric ? -found.high : found.low - apart;
    }
  }
  // Ends in float32, as the values are: the largest value is not beyond itself.
  const auto low = static_cast<float>(found.low), high = static_cast<float>(found.high);
  for (const float value : kept) {
    found.below += value < low ? 1 : 0;
    found.above += value > high ? 1 : 0;
  }
  return found;
}

void resolve_limits(Figure& figure) {
  const auto fill = [](ColorRule& rule, const Array& values, const Array& mask) {
    const bool found_already = rule.limits.scope != "map" && rule.limits.low < rule.limits.high;
    if (rule.limits.policy == "fixed" || found_already || values.empty()) return;
    const ResolvedLimits found = resolve(rule.limits, values, mask);
    rule.limits.low = found.low;
    rule.limits.high = found.high;
  };
  for (auto& panel : figure.panels) {
    if (auto* map = std::get_if<HeatMap>(&panel.content)) fill(map->color, map->cells, map->mask);
    if (auto* picture = std::get_if<Picture>(&panel.content); picture && picture->overlaid) {
      fill(picture->overlay.color, picture->overlay.cells, picture->overlay.mask);
    }
    if (auto* strip = std::get_if<TokenStrip>(&panel.content))
      fill(strip->color, strip->values, {});
  }
}

std::vector<std::int64_t> histogram(const Array& values, double low, double high,
                                    std::int64_t bins) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(std::max<std::int64_t>(bins, 1)), 0);
  if (!(low < high)) return counts;
  const double scale = static_cast<double>(counts.size()) / (high - low);
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (!(value >= low && value <= high)) continue;
    const auto bin = static_cast<std::size_t>((value - low) * scale);
    ++counts[std::min(bin, counts.size() - 1)];
  }
  return counts;
}

}  // namespace hyena::inspect
