#include <string>
#include <vector>

#include "backbone/options.h"
#include "train/optimizers/settings.h"

namespace hyena::train {
namespace {

constexpr OptimizerEntry kOptimizers[] = {
    {"adamw", make_adamw},   {"adam", make_adam},
    {"nadamw", make_nadamw}, {"sgd", make_sgd},
    {"lamb", make_lamb},     {"safari_lamb", make_safari_lamb},
    {"lion", make_lion},     {"rmsprop_tf", make_rmsprop_tf},
};

}  // namespace

std::span<const OptimizerEntry> optimizer_registry() {
  return kOptimizers;
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups,
                                          const OptimizerOptions& options) {
  std::vector<std::string> names;
  for (const OptimizerEntry& entry : kOptimizers) {
    if (options.opt == entry.name) return entry.make(std::move(groups), options);
    names.emplace_back(entry.name);
  }
  const std::string near = backbone::nearest_name(options.opt, names);
  throw backbone::OptionError("optimizer: none is called '" + options.opt + "'" +
                              (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

std::pair<double, double> betas_or(const OptimizerOptions& options, double beta1, double beta2) {
  if (options.betas.empty()) return {beta1, beta2};
  if (options.betas.size() != 2) {
    throw backbone::OptionError("optimizer: opt_betas needs two numbers, got " +
                                std::to_string(options.betas.size()));
  }
  for (const double beta : options.betas) {
    if (!(beta >= 0 && beta < 1)) {
      throw backbone::OptionError("optimizer: opt_betas must be at least 0 and below 1");
    }
  }
  return {options.betas[0], options.betas[1]};
}

}  // namespace hyena::train
