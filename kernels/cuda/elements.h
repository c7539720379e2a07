#pragma once

#include "kernels/cuda/device.h"
#include "kernels/cuda/method.h"

/// Signals as device code sees them.
namespace hyena::kernels::cuda {

/// Type -> T: calls f(T()) with float, Bf16 or Half. Types are checked before (choose_method).
template <class F>
void with_type(Type type, F&& f) {
  if (type == Type::kBFloat16) {
    f(Bf16());
  } else if (type == Type::kFloat16) {
    f(Half());
  } else {
    f(float());
  }
}

/// A signal (B, D, L) of elements T.
template <class T>
struct Signal {
  T* data;
  std::int64_t batch, channel;
  HYENA_DEVICE T* row(std::int64_t b, std::int64_t d) const {
    return data + b * batch + d * channel;
  }
};
template <class T>
Signal<T> signal(const Sequences& s) {
  return {static_cast<T*>(s.data), s.batch, s.channel};
}
template <class T>
Signal<const T> signal(const ConstSequences& s) {
  return {static_cast<const T*>(s.data), s.batch, s.channel};
}

}  // namespace hyena::kernels::cuda
