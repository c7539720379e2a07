#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/layers.h"
#include "backbone/module.h"

/// What the families build, initialise and count alike.
namespace hyena::backbone {

/// Stochastic depth rates of `depth` blocks, 0 … rate, as torch.linspace makes them in float32.
std::vector<double> drop_path_rates(double rate, std::int64_t depth);

/// Draws every parameter KEY.weight that `wanted` accepts from a truncated normal with std 0.02 and
/// zeroes its KEY.bias: what timm, safari and MetaFormer do, for different sets of layers. Other
/// parameters stay.
void initialise_weights(
    Module& module,
    const std::function<bool(const std::string& name, const at::Tensor& weight)>& wanted);

/// Gives `classifier` rows for `num_classes` ≥ 1 classes, freshly initialised, on its device and in
/// its dtype. Throws OptionError for fewer, and where `classifier` is null.
void reset_classifier(Linear* classifier, std::int64_t num_classes);

/// The number behind `prefix` in a parameter's name: 3 for ("blocks.3.norm1.weight", "blocks.").
/// -1 when the name does not start with `prefix` or no number follows.
std::int64_t index_after(std::string_view name, std::string_view prefix);

}  // namespace hyena::backbone
