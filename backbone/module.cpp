#include "backbone/module.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

namespace hyena::backbone {

at::Tensor Module::add_parameter(std::string name, const at::Tensor& init, ParameterHint hint,
                                 bool trainable) {
  at::Tensor tensor = init.detach();
  tensor.set_requires_grad(trainable);
  entries_.push_back(
      {.name = std::move(name), .tensor = tensor, .hint = hint, .is_parameter = true});
  return tensor;
}

at::Tensor Module::add_buffer(std::string name, const at::Tensor& init) {
  at::Tensor tensor = init.detach();
  entries_.push_back({.name = std::move(name), .tensor = tensor});
  return tensor;
}

void Module::add_alias(std::string name, const std::string& of) {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.name == of; });
  TORCH_CHECK(found != entries_.end(), "add_alias: no tensor '", of, "' to alias");
  Entry entry{.name = std::move(name), .tensor = found->tensor};
  entry.is_parameter = found->is_parameter;
  entry.alias_of = of;
  entries_.push_back(std::move(entry));
}

void Module::remove_child(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.child && entry.name == name; });
}

void Module::collect(const std::string& prefix, std::vector<NamedTensor>& out) const {
  for (const Entry& entry : entries_) {
    if (entry.child) {
      entry.child->collect(entry.name.empty() ? prefix : prefix + entry.name + ".", out);
      continue;
    }
    out.push_back({.name = prefix + entry.name,
                   .tensor = entry.tensor,
                   .hint = entry.hint,
                   .is_parameter = entry.is_parameter,
                   .alias_of = entry.alias_of.empty() ? "" : prefix + entry.alias_of});
  }
}

std::vector<NamedTensor> Module::state() const {
  std::vector<NamedTensor> out;
  collect("", out);
  return out;
}

std::vector<NamedTensor> Module::parameters() const {
  std::vector<NamedTensor> out = state();
  std::erase_if(out, [](const NamedTensor& t) { return !t.is_parameter || !t.alias_of.empty(); });
  return out;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedTensor& parameter : parameters()) count += parameter.tensor.numel();
  return count;
}

at::Tensor Module::find(std::string_view name) const {
  for (const NamedTensor& entry : state()) {
    if (entry.name == name) return entry.tensor;
  }
  throw std::out_of_range("no tensor named '" + std::string(name) + "' in this model");
}

void Module::replace(std::string_view name, const at::Tensor& contents) {
  at::Tensor tensor = find(name);
  tensor.set_data(contents.detach().to(tensor.options()).contiguous());
  tensor.mutable_grad() = at::Tensor();
}

void Module::to(at::Device device) {
  for (NamedTensor& entry : state()) {
    if (entry.alias_of.empty()) entry.tensor.set_data(entry.tensor.detach().to(device));
  }
}

void Module::to(at::ScalarType dtype) {
  for (NamedTensor& entry : state()) {
    if (entry.alias_of.empty() && entry.tensor.is_floating_point()) {
      entry.tensor.set_data(entry.tensor.detach().to(dtype));
    }
  }
}

void Module::train(bool on) {
  for_each_module([on](const std::string&, Module& module) { module.training_ = on; });
}

void Module::zero_grad() {
  for (NamedTensor& parameter : parameters()) parameter.tensor.mutable_grad() = at::Tensor();
}

void Module::for_each_module(const std::function<void(const std::string&, Module&)>& f) {
  walk("", f);
}

void Module::walk(const std::string& path,
                  const std::function<void(const std::string&, Module&)>& f) {
  f(path, *this);
  for (Entry& entry : entries_) {
    if (!entry.child) continue;
    const bool nested = !path.empty() && !entry.name.empty();
    entry.child->walk(path + (nested ? "." : "") + entry.name, f);
  }
}

}  // namespace hyena::backbone
