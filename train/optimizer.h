#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "train/method_options.h"
#include "train/parameter_groups.h"

namespace hyena::train {

/// Updates parameters in place from their gradients. Arithmetic in the parameters' dtype and on
/// their device; step() never waits for the device.
///
/// State is kept by parameter name, step counters included, so that a resumed run continues bit for
/// bit. A parameter without a gradient is skipped and its counter stays.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void step();

  /// Drops all gradients.
  void zero_grad();

  const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// Rate of each group for the coming steps, in the order of groups(), lr_scale already included
  /// (see scheduled_lrs). At first base_lr · lr_scale. Throws std::invalid_argument for another
  /// number of rates.
  void set_lrs(std::span<const double> lrs);
  const std::vector<double>& lrs() const { return lrs_; }

  /// "PARAMETER.step" (int64, CPU) for every parameter and "PARAMETER.SLOT", e.g.
  /// "head.weight.exp_avg", for those updated at least once. The tensors are the live ones: write
  /// them before the next step().
  std::map<std::string, at::Tensor> state() const;

  /// Takes over what state() returned, on any device. Throws std::runtime_error, and changes
  /// nothing, when an entry is missing, unexpected, or of another shape.
  void load_state(const std::map<std::string, at::Tensor>& state);

 protected:
  /// A tensor of the parameter's shape that an optimiser remembers.
  struct Slot {
    const char* name;
    double initial = 0;
  };

  /// Parameters of one group at the same step count (1 in the first step), with their gradients
  /// and, slot by slot, their state. All tensors of one parameter have the same strides.
  struct Batch {
    std::vector<at::Tensor> parameters;
    std::vector<at::Tensor> gradients;
    std::vector<std::vector<at::Tensor>> slots;
    double lr;
    double weight_decay;
    std::int64_t step;
  };

  Optimizer(std::vector<ParameterGroup> groups, std::vector<Slot> slots);

  /// Called once a step, before any update, with every gradient of the model.
  virtual void prepare(const std::vector<at::Tensor>& /*gradients*/) {}

  /// Applies one step to `batch.parameters`, with autograd off.
  virtual void update(Batch& batch) = 0;

 private:
  struct State {
    std::int64_t step = 0;
    std::vector<at::Tensor> slots;  ///< empty before the first step
  };

  std::vector<ParameterGroup> groups_;
  std::vector<Slot> slots_;
  std::vector<double> lrs_;
  std::vector<std::vector<State>> states_;  ///< as groups_[i].parameters[j]
};

/// An optimiser under the name that options.opt gives. To add one: one file that defines its maker,
/// one line in optimizers/registry.cpp.
struct OptimizerEntry {
  const char* name;
  std::unique_ptr<Optimizer> (*make)(std::vector<ParameterGroup> groups,
                                     const OptimizerOptions& options);
};
std::span<const OptimizerEntry> optimizer_registry();

/// Throws backbone::OptionError for an unknown options.opt (naming the nearest) or a setting that
/// the optimiser cannot use, std::invalid_argument for a parameter in two groups or one that is a
/// strided view of something else.
std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups,
                                          const OptimizerOptions& options);

}  // namespace hyena::train
