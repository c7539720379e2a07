#include "backbone/observer.h"

#include <utility>

#include <ATen/core/grad_mode.h>

namespace hyena::backbone {
namespace {
thread_local Observer* current = nullptr;
}  // namespace

Observer::Observer(Sink sink, Wanted wanted)
    : sink_(std::move(sink)), wanted_(std::move(wanted)), outer_(current) {
  current = this;
}
Observer::~Observer() {
  current = outer_;
}

ObserverScope::ObserverScope(std::string_view name, std::int64_t index) : observer_(current) {
  if (observer_ == nullptr) return;
  outer_length_ = observer_->path_.size();
  observer_->path_ += name;
  observer_->path_ += '.';
  if (index >= 0) observer_->path_ += std::to_string(index) + '.';
}

ObserverScope::~ObserverScope() {
  if (observer_ != nullptr) observer_->path_.resize(outer_length_);
}

std::string Observer::full(std::string_view name) const {
  std::string full = path_;
  full += name;
  if (name.empty() && !full.empty()) full.pop_back();
  return full;
}

void observe(std::string_view name, const at::Tensor& value) {
  if (current == nullptr) return;
  const std::string full = current->full(name);
  if (!current->wanted_ || current->wanted_(full)) current->sink_(full, value);
}

void observe(std::string_view name, const std::function<at::Tensor()>& compute) {
  if (current == nullptr) return;
  const std::string full = current->full(name);
  if (current->wanted_ && !current->wanted_(full)) return;
  at::Tensor value;
  {
    const at::NoGradGuard no_grad;
    value = compute();
  }
  current->sink_(full, value);
}

bool observing() {
  return current != nullptr;
}

}  // namespace hyena::backbone
