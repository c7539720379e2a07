#include "train/ema.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>

namespace hyena::train {

Ema::Ema(const backbone::Module& model, const EmaOptions& options)
    : options_(options), v2_(options.form == "v2") {
  const at::NoGradGuard no_grad;
  for (const backbone::NamedTensor& entry : model.state()) {
    if (!entry.alias_of.empty()) continue;
    names_.push_back(entry.name);
    averages_.push_back(entry.tensor.detach().clone());
  }
}

double Ema::decay_at(std::int64_t update) const {
  if (v2_) return options_.decay;
  const std::int64_t t = update - options_.start - 1;
  if (t <= 0) return 0;
  if (!options_.warmup) return options_.decay;
  return std::min(options_.decay, 1 - std::pow(1 + static_cast<double>(t), -options_.warmup_power));
}

std::vector<at::Tensor> Ema::matching(const backbone::Module& model) const {
  std::vector<at::Tensor> tensors;
  for (const backbone::NamedTensor& entry : model.state()) {
    if (!entry.alias_of.empty()) continue;
    const std::size_t i = tensors.size();
    if (i >= names_.size() || names_[i] != entry.name) {
      throw std::runtime_error("moving average: the model's tensor '" + entry.name +
                               "' has no average; it belongs to another model");
    }
    tensors.push_back(entry.tensor);
  }
  return tensors;
}

void Ema::update(const backbone::Module& model, std::int64_t update) {
  const at::NoGradGuard no_grad;
  const double decay = decay_at(update);
  const std::vector<at::Tensor> current = matching(model);
  std::vector<at::Tensor> averages, values;
  for (std::size_t i = 0; i < current.size(); ++i) {
    if (current[i].is_floating_point()) {
      averages.push_back(averages_[i]);
      values.push_back(current[i]);
    } else if (!v2_) {
      averages_[i].copy_(current[i]);
    } else {
      averages_[i].copy_(averages_[i].to(at::kDouble).mul_(decay).add_(current[i], 1 - decay));
    }
  }
  if (!averages.empty()) at::_foreach_lerp_(averages, values, 1 - decay);
}

std::map<std::string, at::Tensor> Ema::state() const {
  std::map<std::string, at::Tensor> out;
  for (std::size_t i = 0; i < names_.size(); ++i) out[names_[i]] = averages_[i];
  return out;
}

void Ema::load_state(const std::map<std::string, at::Tensor>& state) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto found = state.find(names_[i]);
    if (found == state.end() || found->second.sizes() != averages_[i].sizes()) {
      throw std::runtime_error("moving average: '" + names_[i] + "' " +
                               (found == state.end() ? "is missing" : "has another shape") +
                               "; the state belongs to another model");
    }
  }
  for (std::size_t i = 0; i < names_.size(); ++i) averages_[i].copy_(state.at(names_[i]));
}

Ema::Swapped::Swapped(Ema& ema, backbone::Module& model) : ema_(ema) {
  ema.matching(model);  // throws before anything moves
  for (backbone::NamedTensor& entry : model.state()) {
    if (entry.alias_of.empty()) state_.push_back(std::move(entry));
  }
  swap();
}

Ema::Swapped::~Swapped() {
  swap();
}

void Ema::Swapped::swap() {
  for (std::size_t i = 0; i < state_.size(); ++i) {
    const at::Tensor current = state_[i].tensor.detach();
    state_[i].tensor.set_data(ema_.averages_[i]);
    ema_.averages_[i] = current;
  }
}

}  // namespace hyena::train
