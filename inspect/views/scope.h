#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/figure/figure.h"
#include "inspect/views/filter_choice.h"

/// Ends of colour scales: of what is drawn, of the whole layer or of the whole model.
namespace hyena::inspect {

struct LimitsParameters {
  std::string scope = "map";
  double percentile = 99.5;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("scope", scope,
            {.help = "whose numbers set the ends of the colours: this map's, the layer's or the "
                     "model's",
             .choices = {"map", "layer", "model"}});
    v.field("percentile", percentile,
            {.help = "share of the numbers inside the ends", .unit = "%", .min = 51, .max = 100});
  }
};

/// Limits over several maps, found at once; `scope` names what they are.
Limits common_limits(const LimitsParameters& parameters, bool symmetric, const std::string& scope,
                     const std::vector<at::Tensor>& maps);

/// For a map of filters of `layer`: left to resolve() where the scope is the map, else of all
/// filters of the layer or of all layers of that kind, each seen through `shown`.
Limits filter_limits(const LimitsParameters& parameters, bool symmetric, Subject& subject,
                     std::int64_t layer, FilterKind kind,
                     const std::function<at::Tensor(const at::Tensor& taps)>& shown,
                     const Progress& progress);

}  // namespace hyena::inspect
