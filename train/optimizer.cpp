#include "train/optimizer.h"

#include <map>
#include <set>
#include <stdexcept>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/scalar_tensor.h>

namespace hyena::train {

Optimizer::Optimizer(std::vector<ParameterGroup> groups, std::vector<Slot> slots)
    : groups_(std::move(groups)), slots_(std::move(slots)) {
  std::set<std::string> seen;
  for (const ParameterGroup& group : groups_) {
    lrs_.push_back(group.base_lr * group.lr_scale);
    states_.emplace_back(group.parameters.size());
    for (const auto& parameter : group.parameters) {
      if (!seen.insert(parameter.name).second) {
        throw std::invalid_argument("optimizer: parameter '" + parameter.name +
                                    "' stands in two groups");
      }
      if (!parameter.tensor.is_non_overlapping_and_dense()) {
        throw std::invalid_argument("optimizer: parameter '" + parameter.name +
                                    "' is a strided view; make it contiguous");
      }
    }
  }
}

void Optimizer::step() {
  const at::NoGradGuard no_grad;
  std::vector<std::map<std::int64_t, Batch>> batches(groups_.size());
  std::vector<at::Tensor> all;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t p = 0; p < groups_[g].parameters.size(); ++p) {
      const at::Tensor& parameter = groups_[g].parameters[p].tensor;
      at::Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      // Kernels that walk over memory need one layout; a gradient may come in another one, e.g.
      // contiguous for a channels-last weight.
      if (gradient.strides() != parameter.strides() || gradient.dtype() != parameter.dtype()) {
        gradient = at::empty_like(parameter).copy_(gradient);
      }
      State& state = states_[g][p];
      if (state.slots.empty()) {
        for (const Slot& slot : slots_) {
          state.slots.push_back(at::full_like(parameter, slot.initial));
        }
      }
      Batch& batch = batches[g][++state.step];
      batch.slots.resize(slots_.size());
      batch.parameters.push_back(parameter);
      batch.gradients.push_back(gradient);
      for (std::size_t s = 0; s < slots_.size(); ++s) {
        batch.slots[s].push_back(state.slots[s]);
      }
      all.push_back(std::move(gradient));
    }
  }
  if (all.empty()) return;
  prepare(all);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (auto& [step, batch] : batches[g]) {
      batch.lr = lrs_[g];
      batch.weight_decay = groups_[g].weight_decay;
      batch.step = step;
      update(batch);
    }
  }
}

void Optimizer::zero_grad() {
  for (ParameterGroup& group : groups_) {
    for (auto& parameter : group.parameters) parameter.tensor.mutable_grad() = at::Tensor();
  }
}

void Optimizer::set_lrs(std::span<const double> lrs) {
  if (lrs.size() != groups_.size()) {
    throw std::invalid_argument("optimizer: " + std::to_string(lrs.size()) + " rates for " +
                                std::to_string(groups_.size()) + " parameter groups");
  }
  lrs_.assign(lrs.begin(), lrs.end());
}

std::map<std::string, at::Tensor> Optimizer::state() const {
  std::map<std::string, at::Tensor> out;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t p = 0; p < groups_[g].parameters.size(); ++p) {
      const std::string& name = groups_[g].parameters[p].name;
      const State& state = states_[g][p];
      out[name + ".step"] = at::scalar_tensor(state.step, at::kLong);
      if (state.step == 0) continue;
      for (std::size_t s = 0; s < slots_.size(); ++s) {
        out[name + "." + slots_[s].name] = state.slots[s];
      }
    }
  }
  return out;
}

void Optimizer::load_state(const std::map<std::string, at::Tensor>& state) {
  const at::NoGradGuard no_grad;
  const auto fail = [](const std::string& what) {
    throw std::runtime_error("optimizer state: " + what +
                             "; it belongs to another model or optimiser");
  };
  std::set<std::string> used;
  const auto take = [&](const std::string& name, at::IntArrayRef sizes) -> const at::Tensor& {
    const auto found = state.find(name);
    if (found == state.end()) fail("'" + name + "' is missing");
    if (found->second.sizes() != sizes) fail("'" + name + "' has another shape");
    used.insert(name);
    return found->second;
  };

  std::vector<std::vector<State>> loaded;
  for (const ParameterGroup& group : groups_) {
    auto& states = loaded.emplace_back();
    for (const auto& parameter : group.parameters) {
      State& fresh = states.emplace_back();
      fresh.step = take(parameter.name + ".step", {}).item<std::int64_t>();
      if (fresh.step == 0) continue;
      for (const Slot& slot : slots_) {
        const at::Tensor& from = take(parameter.name + "." + slot.name, parameter.tensor.sizes());
        fresh.slots.push_back(at::empty_like(parameter.tensor).copy_(from));
      }
    }
  }
  for (const auto& [name, tensor] : state) {
    if (!used.contains(name)) fail("'" + name + "' is not expected");
  }
  states_ = std::move(loaded);
}

}  // namespace hyena::train
