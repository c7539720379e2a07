#pragma once

#include <cstdint>
#include <memory>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/group.h"
#include "kernels/cpu/plan.h"
#include "kernels/executor.h"
#include "kernels/tensors.h"

namespace hyena::kernels::cpu {

/// What the spectra of all channel groups share, and the spectra: group g begins at
/// g · 2 · lanes · plan->size.
template <class T>
struct SpectrumOf {
  std::shared_ptr<const Plan<T>> plan;
  AlignedBuffer<T> values;

  static const GroupKernels<T>& kernels() { return group_kernels<T>(); }
  const Plan<T>& arguments() const { return *plan; }
  std::int64_t group_size() const { return kernels().lanes * plan->spectrum_size(); }
  std::int64_t padded_row() const { return plan->size; }
};

struct Spectrum {
  std::int64_t length = 0, channels = 0;
  SpectrumOf<float> f32;
  SpectrumOf<double> f64;
  bool is_double = false;

  Extent extent() const { return {1, length}; }
  template <class T>
  const SpectrumOf<T>& as() const {
    if constexpr (sizeof(T) == 8) {
      return f64;
    } else {
      return f32;
    }
  }
};

template <class T>
SpectrumOf<T> analyse(const ConstTaps& h, const T* bias, std::int64_t length, std::int64_t channels,
                      const Executor& executor);

/// Gradient spectra of all groups, `slices` of them each behind the other (summed here), to taps
/// and bias.
template <class T>
void synthesise(const SpectrumOf<T>& spectrum, std::int64_t channels, std::int64_t length,
                const T* gradients, std::int64_t slices, const Taps& dh, T* dbias,
                const Executor& executor);

}  // namespace hyena::kernels::cpu
