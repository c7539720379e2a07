#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backbone/model.h"
#include "backbone/module.h"
#include "train/method_options.h"
#include "train/schedule.h"

namespace hyena::train {

/// Parameters that share a learning rate and a weight decay.
struct ParameterGroup {
  std::string name;  ///< "decay", "no_decay", "filter", "layer_2.decay", … for logs
  std::vector<backbone::NamedTensor> parameters;
  double base_lr = 0;   ///< peak rate, what the schedule starts from
  double lr_scale = 1;  ///< times the scheduled rate (layer decay)
  double weight_decay = 0;
};

/// What a model says about its parameters; empty functions and lists where it says nothing.
struct GroupHints {
  std::vector<std::string> no_weight_decay;                       ///< full names that never decay
  std::function<std::int64_t(const std::string& name)> layer_of;  ///< for layer decay
  std::int64_t last_layer = 0;                                    ///< layer_of's largest value
};

/// Splits the trainable parameters: no decay for tensors of at most one dimension, biases and those
/// the model lists; parameters with a ParameterHint go to groups of their own, with the hint's rate
/// and decay; with layer decay d, a parameter of layer i gets lr_scale d^(last_layer − i), as
/// timm's param_groups_layer_decay. Frozen parameters (requires_grad false) are left out. Order:
/// decay, no_decay, hinted; with layer decay so for each layer from the stem up. Throws
/// std::invalid_argument when layer_decay is asked for and layer_of is missing.
std::vector<ParameterGroup> make_parameter_groups(
    const std::vector<backbone::NamedTensor>& parameters, const GroupOptions& options,
    const GroupHints& hints = {});

/// The same with everything a model knows about itself.
std::vector<ParameterGroup> make_parameter_groups(const backbone::Model& model,
                                                  const GroupOptions& options);

/// The rate of each group at time t: schedule.lr(base_lr, t) · lr_scale.
std::vector<double> scheduled_lrs(const Schedule& schedule,
                                  const std::vector<ParameterGroup>& groups, double t);

}  // namespace hyena::train
