#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/module.h"

namespace hyena::backbone {

/// Holds what inference computes from parameters alone, as long as the parameters and the signals'
/// form are the same: an optimiser step, a load, a move to another device or dtype, another length
/// make it anew. Thread-safe.
template <class Value>
class ParameterCache {
 public:
  /// The value for `module`'s parameters as they are now and for signals like `signal` (shape but
  /// for the batch, dtype, device); made by `make` when there is none.
  Value get(const Module& module, const at::Tensor& signal, const std::function<Value()>& make) {
    const Stamp stamp(module, signal);
    {
      const std::lock_guard lock(mutex_);
      if (value_ && stamp_ == stamp) return *value_;
    }
    Value value = make();
    const std::lock_guard lock(mutex_);
    stamp_ = stamp;
    value_ = value;
    return value;
  }

 private:
  /// What must be equal for a value to hold. Every write to a tensor's memory through LibTorch
  /// raises its version.
  struct Stamp {
    Stamp() = default;
    Stamp(const Module& module, const at::Tensor& signal)
        : sizes(signal.sizes().slice(1).vec()),
          dtype(signal.scalar_type()),
          device(signal.device()) {
      for (const NamedTensor& entry : module.state()) {
        const at::Tensor& t = entry.tensor;
        tensors.push_back({t.detach(), t.is_inference() ? 0 : t._version()});
      }
    }
    struct One {
      at::Tensor memory;  ///< held, so that its address cannot come back as another's
      std::int64_t version;
      bool operator==(const One& other) const {
        return memory.const_data_ptr() == other.memory.const_data_ptr() &&
               version == other.version && memory.scalar_type() == other.memory.scalar_type();
      }
    };
    bool operator==(const Stamp&) const = default;
    std::vector<One> tensors;
    std::vector<std::int64_t> sizes;
    at::ScalarType dtype = at::kFloat;
    at::Device device = at::kCPU;
  };

  std::mutex mutex_;
  Stamp stamp_;
  std::optional<Value> value_;
};

}  // namespace hyena::backbone
