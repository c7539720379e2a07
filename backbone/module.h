#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

/// What a parameter asks of the optimiser, where that differs from the run's settings. safari marks
/// its filter parameters so (`_optim`): own learning rate, no weight decay.
struct ParameterHint {
  std::optional<double> lr;            ///< base learning rate instead of the run's
  std::optional<double> weight_decay;  ///< instead of the run's
};

/// A tensor of a module's state under its full key, e.g. "blocks.0.mixer.filter_fn.bias".
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
  ParameterHint hint;
  bool is_parameter = false;  ///< false: a buffer
  std::string alias_of;       ///< not empty: the same tensor is also the one of this name
};

/// Base of everything with weights: a tree of named tensors.
///
/// torch::nn::Module is not used, for three reasons: its names may hold no dots, while reference
/// checkpoints have keys such as "implicit_filter.0.weight" and "ff.0.0.bias" that would each need
/// an empty module; it cannot say that one tensor stands under several keys (the shared sine
/// frequency does); and its headers triple the compile time of every file that sees a model.
///
/// A tensor handed out by add_parameter is the same object as the one in the tree: to(), load and
/// replace() change it in place, so members of a derived class never go stale.
class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  /// Parameters and buffers, depth first in order of registration; an alias follows as an entry of
  /// its own. This is the order and the naming of a reference state dict.
  std::vector<NamedTensor> state() const;

  /// The parameters alone, each once. Frozen ones (requires_grad false) are included.
  std::vector<NamedTensor> parameters() const;

  /// Number of elements in parameters(), frozen ones included.
  std::int64_t parameter_count() const;

  /// The tensor called `name` (full key, aliases too); throws std::out_of_range.
  at::Tensor find(std::string_view name) const;

  /// Gives the tensor `name` new contents, of another shape where wished; keeps requires_grad.
  void replace(std::string_view name, const at::Tensor& contents);

  void to(at::Device device);
  /// Converts the floating-point tensors; integers stay.
  void to(at::ScalarType dtype);

  /// Dropout and drop path are active while training.
  void train(bool on = true);
  bool is_training() const { return training_; }

  void zero_grad();

  /// Calls f(path, module) for this module (path "") and everything below it.
  void for_each_module(const std::function<void(const std::string&, Module&)>& f);

 protected:
  at::Tensor add_parameter(std::string name, const at::Tensor& init, ParameterHint hint = {},
                           bool trainable = true);
  at::Tensor add_buffer(std::string name, const at::Tensor& init);
  /// `name` is a second key of the tensor already registered here as `of`.
  void add_alias(std::string name, const std::string& of);

  template <class M>
  M& add_child(std::string name, std::unique_ptr<M> child) {
    M& reference = *child;
    entries_.push_back({.name = std::move(name), .child = std::move(child)});
    return reference;
  }
  template <class M, class... Args>
  M& make_child(std::string name, Args&&... args) {
    return add_child(std::move(name), std::make_unique<M>(std::forward<Args>(args)...));
  }
  /// A child whose keys stand directly under this module's own, without a name of its own.
  template <class M>
  M& adopt(std::unique_ptr<M> child) {
    return add_child("", std::move(child));
  }
  /// Removes a direct child, with all its weights.
  void remove_child(std::string_view name);

 private:
  struct Entry {
    std::string name;
    at::Tensor tensor = {};
    ParameterHint hint = {};
    bool is_parameter = false;
    std::string alias_of = {};
    std::unique_ptr<Module> child = nullptr;
  };

  void collect(const std::string& prefix, std::vector<NamedTensor>& out) const;
  void walk(const std::string& path, const std::function<void(const std::string&, Module&)>& f);

  std::vector<Entry> entries_;
  bool training_ = false;
};

}  // namespace hyena::backbone
