#include "inspect/views/filter_choice.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <ATen/ATen.h>

#include "inspect/probe/filters.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {

using backbone::OptionError;

bool over_maps(const LayerFacts& layer) {
  return layer.mixer == "hyena2d";
}

std::vector<std::int64_t> layers_with(const ModelFacts& facts, FilterKind kind) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < facts.layers.size(); ++i) {
    const LayerFacts& one = facts.layers[i];
    const bool fits = kind == FilterKind::any || over_maps(one) == (kind == FilterKind::map);
    if (one.filters > 0 && fits) out.push_back(static_cast<std::int64_t>(i));
  }
  return out;
}

std::int64_t choose_layer(const ModelFacts& facts, std::int64_t layer, FilterKind kind) {
  const auto layers = layers_with(facts, kind);
  std::string list;
  for (const std::int64_t one : layers) {
    if (layer == -1 || layer == one) return one;
    list += (list.empty() ? "" : ", ") + std::to_string(one);
  }
  const std::string where = kind == FilterKind::map        ? " over maps"
                            : kind == FilterKind::sequence ? " along a sequence"
                                                           : "";
  throw OptionError("layer " + std::to_string(layer) + " has no long filters" + where +
                    (list.empty() ? "; no layer has" : "; these have: " + list));
}

SequenceFilter choose_filter(Subject& subject, const FilterParameters& parameters) {
  SequenceFilter out;
  out.layer = choose_layer(subject.facts(), parameters.layer, FilterKind::sequence);
  out.filter = parameters.filter;
  const auto all = layer_filters(opened(subject), out.layer, parameters.tokens);
  out.taps = in_double(sequence_taps(all, out.filter));
  if (all.window.defined()) out.window = in_double(all.window[out.filter]).expand_as(out.taps);
  if (all.skip.defined()) out.skip = in_double(all.skip[out.filter]);
  out.features = in_double(all.features);
  out.first_lag = all.first_lag;
  return out;
}

std::string filter_text(const ModelFacts& facts, std::int64_t layer, std::int64_t filter) {
  const LayerFacts& one = facts.layers[static_cast<std::size_t>(layer)];
  std::string text = "layer " + std::to_string(layer);
  if (one.filters > 1) text += ", filter " + std::to_string(filter);
  text += " · " + std::to_string(one.filter_channels) +
          (one.filter_channels == 1 ? " channel" : " channels");
  if (one.filter_channels < one.channels) {
    text += " (" + std::to_string(one.heads) + " heads)";
  }
  return text;
}

std::int64_t shown_lag(const SequenceFilter& filter, std::int64_t lags) {
  const std::int64_t most = std::max<std::int64_t>(1, reach(filter.taps, filter.first_lag) - 1);
  if (lags < 0) return most;
  if (lags > 0) return std::min(lags, most);
  const auto ends = std::get<0>(effective_length(filter.taps, filter.first_lag, 0.99).sort());
  const auto nine_of_ten = ends[(9 * (ends.size(0) - 1) + 9) / 10].item<double>();
  const auto whole = static_cast<std::uint64_t>(std::max(8.0, nine_of_ten));
  return std::min(static_cast<std::int64_t>(std::bit_ceil(whole)), most);
}

Axis lag_axis(const SequenceFilter& filter, std::int64_t shown) {
  const auto low = std::max(filter.first_lag, -shown), high = std::min(filter.last_lag(), shown);
  return {.title = "lag τ",
          .unit = "tokens",
          .range = Range{static_cast<double>(low), static_cast<double>(std::max(high, low + 1))},
          .powers_of_two = true};
}

}  // namespace hyena::inspect
