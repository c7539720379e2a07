#include "train/parameter_groups.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace hyena::train {
namespace {

enum class Kind { kDecay, kNoDecay, kHinted };

struct Placed {
  std::int64_t layer;
  Kind kind;
  ParameterGroup group;
};

std::string kind_name(Kind kind) {
  switch (kind) {
    case Kind::kDecay:
      return "decay";
    case Kind::kNoDecay:
      return "no_decay";
    case Kind::kHinted:
      return "filter";
  }
  return "";
}

}  // namespace

std::vector<ParameterGroup> make_parameter_groups(
    const std::vector<backbone::NamedTensor>& parameters, const GroupOptions& options,
    const GroupHints& hints) {
  const bool by_layer = options.layer_decay > 0;
  if (by_layer && !hints.layer_of) {
    throw std::invalid_argument(
        "layer_decay needs a model that says which layer a parameter belongs to; set it to 0");
  }
  const std::set<std::string> listed(hints.no_weight_decay.begin(), hints.no_weight_decay.end());

  std::vector<Placed> placed;
  for (const backbone::NamedTensor& parameter : parameters) {
    if (!parameter.tensor.requires_grad()) continue;
    const bool bias_or_norm = parameter.tensor.dim() <= 1 || parameter.name.ends_with(".bias");
    const bool exempt = (bias_or_norm && !options.decay_bias_and_norm) ||
                        (listed.contains(parameter.name) && !options.decay_listed);
    const double lr = parameter.hint.lr.value_or(options.lr);
    const double weight_decay =
        parameter.hint.weight_decay.value_or(exempt ? 0.0 : options.weight_decay);
    const bool hinted = parameter.hint.lr || parameter.hint.weight_decay;
    const Kind kind = hinted ? Kind::kHinted : weight_decay != 0 ? Kind::kDecay : Kind::kNoDecay;
    const std::int64_t layer = by_layer ? hints.layer_of(parameter.name) : 0;

    auto found = std::ranges::find_if(placed, [&](const Placed& p) {
      return p.layer == layer && p.kind == kind && p.group.base_lr == lr &&
             p.group.weight_decay == weight_decay;
    });
    if (found == placed.end()) {
      const double scale =
          by_layer ? std::pow(options.layer_decay, static_cast<double>(hints.last_layer - layer))
                   : 1.0;
      placed.push_back({layer,
                        kind,
                        {.name = "",
                         .parameters = {},
                         .base_lr = lr,
                         .lr_scale = scale,
                         .weight_decay = weight_decay}});
      found = placed.end() - 1;
    }
    found->group.parameters.push_back(parameter);
  }
  std::ranges::stable_sort(placed, {}, [](const Placed& p) { return std::pair(p.layer, p.kind); });

  std::vector<ParameterGroup> groups;
  std::set<std::string> taken;
  for (Placed& p : placed) {
    std::string name = kind_name(p.kind);
    if (by_layer) name = "layer_" + std::to_string(p.layer) + "." + name;
    const std::string stem = name;
    for (int n = 2; !taken.insert(name).second; ++n) name = stem + "_" + std::to_string(n);
    p.group.name = name;
    groups.push_back(std::move(p.group));
  }
  return groups;
}

std::vector<ParameterGroup> make_parameter_groups(const backbone::Model& model,
                                                  const GroupOptions& options) {
  return make_parameter_groups(
      model.parameters(), options,
      {.no_weight_decay = model.no_weight_decay(),
       .layer_of = [&model](const std::string& name) { return model.layer_of(name); },
       .last_layer = model.depth() + 1});
}

std::vector<double> scheduled_lrs(const Schedule& schedule,
                                  const std::vector<ParameterGroup>& groups, double t) {
  std::vector<double> lrs;
  for (const ParameterGroup& group : groups) {
    lrs.push_back(schedule.lr(group.base_lr, t) * group.lr_scale);
  }
  return lrs;
}

}  // namespace hyena::train
