#include "backbone/ops/flops.h"

namespace hyena::backbone {
namespace {
thread_local FlopCounter* current = nullptr;
}  // namespace

FlopCounter::FlopCounter() : outer_(current) {
  current = this;
}
FlopCounter::~FlopCounter() {
  current = outer_;
}

double FlopCounter::total() const {
  double sum = 0;
  for (const auto& [kind, flops] : by_kind_) sum += flops;
  return sum;
}

void count_flops(const char* kind, double flops) {
  if (current != nullptr) current->by_kind_[kind] += flops;
}

}  // namespace hyena::backbone
