#pragma once

#include <utility>

#include "train/optimizer.h"

namespace hyena::train {

/// The two averaging factors: the user's, or the optimiser's own where none were given. Throws
/// OptionError unless there are two, each in [0, 1).
std::pair<double, double> betas_or(const OptimizerOptions& options, double beta1, double beta2);

inline double eps_or(const OptimizerOptions& options, double own) {
  return options.eps > 0 ? options.eps : own;
}

using Groups = std::vector<ParameterGroup>;
std::unique_ptr<Optimizer> make_adamw(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_adam(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_nadamw(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_sgd(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_lamb(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_safari_lamb(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_lion(Groups groups, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_rmsprop_tf(Groups groups, const OptimizerOptions& options);

}  // namespace hyena::train
