#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/decode/mixer_state.h"

namespace hyena::backbone {

/// A causal depthwise filter of few taps over channels, shared by its states.
template <class T>
struct ShortFilterWeights {
  /// weight (C, 1, K) with tap K − 1 at lag 0, as of short_conv(); bias (C) or undefined.
  ShortFilterWeights(const at::Tensor& weight, const at::Tensor& bias);

  std::int64_t channels = 0, count = 0;
  std::vector<T> taps;  ///< (K, C), lag by lag
  std::vector<T> bias;  ///< (C)
  at::Tensor of_lag;    ///< (K, C), for prompts
  at::Tensor offset;    ///< (C)
};

/// What it has seen of `batch` sequences: the last K inputs of each.
template <class T>
class ShortFilterState {
 public:
  ShortFilterState(const ShortFilterWeights<T>& weights, std::int64_t batch);

  /// x (B, P, C) → (B, P, C); keeps the last inputs of each prompt.
  at::Tensor prefill(const ShortFilterWeights<T>& weights, const at::Tensor& x,
                     std::span<const std::int64_t> lengths);
  /// One row of C for each sequence.
  void step(const ShortFilterWeights<T>& weights, const T* x, T* y);

  std::span<T> memory() { return memory_; }
  std::span<const T> memory() const { return memory_; }

 private:
  std::vector<T> memory_;  ///< (B, K, C), the newest last
};

}  // namespace hyena::backbone
