#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/figure/figure.h"
#include "inspect/views/view.h"

/// Which long filter a view is about.
namespace hyena::inspect {

struct FilterParameters {
  std::int64_t layer = -1;
  std::int64_t filter = 0;
  std::int64_t tokens = 0;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("layer", layer,
            {.help = "block, from 0; -1: the first one with such filters", .min = -1});
    v.field("filter", filter, {.help = "which of the layer's filters, from 0", .min = 0});
    v.field("tokens", tokens,
            {.help = "length the filters are made for; 0: the model's own; texts only",
             .unit = "tokens",
             .min = 0});
  }
};

/// Whether its long filters are over maps, not along a sequence.
bool over_maps(const LayerFacts& layer);

enum class FilterKind { any, sequence, map };

/// The first layer with filters of this kind, where `layer` is −1; else `layer`. Throws OptionError
/// that names the layers that have such filters.
std::int64_t choose_layer(const ModelFacts& facts, std::int64_t layer, FilterKind kind);
/// All of them.
std::vector<std::int64_t> layers_with(const ModelFacts& facts, FilterKind kind);

/// One filter along a sequence, as probes take it: on the CPU in float64, (F, K).
struct SequenceFilter {
  std::int64_t layer = 0, filter = 0;
  at::Tensor taps, window;  ///< window undefined: none
  at::Tensor skip;          ///< (F); undefined: none
  at::Tensor features;      ///< (K, E), what the filter's MLP sees; undefined: none
  std::int64_t first_lag = 0;

  std::int64_t channels() const { return taps.size(0); }
  std::int64_t last_lag() const { return first_lag + taps.size(1) - 1; }
};
/// Throws OptionError for a layer or filter that there is not.
SequenceFilter choose_filter(Subject& subject, const FilterParameters& parameters);

/// "layer 6, filter 1 of 2 · 864 channels"; counted from 0 as the parameters are.
std::string filter_text(const ModelFacts& facts, std::int64_t layer, std::int64_t filter);

/// The lag up to which a view draws: 0 stands for where 99 % of the energy ends in nine of ten
/// channels, rounded up to a power of two; −1 for all.
std::int64_t shown_lag(const SequenceFilter& filter, std::int64_t lags);

/// "lag τ" over the shown lags, both sides of 0 where the filter has them.
Axis lag_axis(const SequenceFilter& filter, std::int64_t shown);

}  // namespace hyena::inspect
