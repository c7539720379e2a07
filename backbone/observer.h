#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>

/// Looking inside a forward pass. Models name their intermediate tensors by observe(); nothing is
/// kept, copied or even named unless an Observer is alive.
namespace hyena::backbone {

/// Receives the tensors that are observed on this thread while it is alive; the innermost one wins.
///
///   std::map<std::string, at::Tensor> seen;
///   Observer observer([&](const std::string& name, const at::Tensor& t) { seen[name] = t; });
///   model.forward(images);   // seen["blocks.0"], …
///
/// A name is the path of the module in the model's state, then that of the tensor. The tensors are
/// part of the graph when one is recorded; detach and copy what shall stay.
class Observer {
 public:
  using Sink = std::function<void(const std::string& name, const at::Tensor& value)>;
  /// Whether the tensor of that name shall be handed over. Asked once for each tensor, before those
  /// are computed that exist for observers alone; so it may also count, or throw to stop the pass.
  using Wanted = std::function<bool(const std::string& name)>;

  explicit Observer(Sink sink, Wanted wanted = {});
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

 private:
  friend class ObserverScope;
  friend void observe(std::string_view name, const at::Tensor& value);
  friend void observe(std::string_view name, const std::function<at::Tensor()>& compute);
  friend bool observing();

  /// The full name of what the current scope calls `name`.
  std::string full(std::string_view name) const;

  Sink sink_;
  Wanted wanted_;
  std::string path_;  ///< with a trailing dot unless empty
  Observer* outer_;
};

/// Adds "name." or "name.index." to the names of what is observed until the end of the scope.
class ObserverScope {
 public:
  explicit ObserverScope(std::string_view name, std::int64_t index = -1);
  ~ObserverScope();
  ObserverScope(const ObserverScope&) = delete;
  ObserverScope& operator=(const ObserverScope&) = delete;

 private:
  Observer* observer_;
  std::size_t outer_length_ = 0;
};

/// Hands `value` to the observer of this thread; one comparison when there is none. An empty name
/// stands for the module of the scope itself.
void observe(std::string_view name, const at::Tensor& value);

/// The same for a tensor that the model itself does not need: computed when it is wanted, outside
/// of the graph.
void observe(std::string_view name, const std::function<at::Tensor()>& compute);

/// Whether an Observer is alive on this thread.
bool observing();

}  // namespace hyena::backbone
