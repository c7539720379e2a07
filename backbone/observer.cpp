#include "backbone/observer.h"

#include <utility>

namespace hyena::backbone {
namespace {
thread_local Observer* current = nullptr;
}  // namespace

Observer::Observer(Sink sink) : sink_(std::move(sink)), outer_(current) {
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

void observe(std::string_view name, const at::Tensor& value) {
  if (current == nullptr) return;
  std::string full = current->path_;
  full += name;
  if (name.empty() && !full.empty()) full.pop_back();
  current->sink_(full, value);
}

}  // namespace hyena::backbone
