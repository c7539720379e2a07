#include "inspect/views/scope.h"

#include <ATen/ATen.h>

#include "inspect/figure/limits.h"
#include "inspect/probe/filters.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {

Limits common_limits(const LimitsParameters& parameters, bool symmetric, const std::string& scope,
                     const std::vector<at::Tensor>& maps) {
  std::vector<at::Tensor> flat;
  for (const auto& map : maps) flat.push_back(map.flatten());
  Limits limits = {.percentile = parameters.percentile, .symmetric = symmetric, .scope = scope};
  const auto found = resolve(limits, array_of("all", {"value"}, at::cat(flat)));
  limits.low = found.low;
  limits.high = found.high;
  return limits;
}

Limits filter_limits(const LimitsParameters& parameters, bool symmetric, Subject& subject,
                     std::int64_t layer, FilterKind kind,
                     const std::function<at::Tensor(const at::Tensor& taps)>& shown,
                     const Progress& progress) {
  if (parameters.scope == "map") {
    return {.percentile = parameters.percentile, .symmetric = symmetric};
  }
  auto layers = layers_with(subject.facts(), kind);
  if (parameters.scope == "layer") layers = {layer};
  std::vector<at::Tensor> maps;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    report(progress, "limits", static_cast<std::int64_t>(i), std::ssize(layers));
    const auto taps = in_double(layer_filters(opened(subject), layers[i]).taps);
    maps.push_back(shown(taps).to(at::kFloat));
  }
  return common_limits(parameters, symmetric, parameters.scope, maps);
}

}  // namespace hyena::inspect
