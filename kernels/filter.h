#pragma once

#include <cstdint>
#include <vector>

#include "kernels/executor.h"
#include "kernels/tensors.h"

/// Implicit filters on the CPU: taps that an MLP with sines computes from features of the place,
/// under an exponential window (Poli et al. 2023, section 3.3). At position p, with one sine layer
/// or more:
///   x_0 = z[p],   x_{i+1} = sin(freq_i ⊙ (weight_i · x_i + bias_i)),   a = weight · x_n
///   g   = a ⊙ (exp(−t[p] · |delta|) + shift)
///   h[c, p] = g[c], or g[c] / Σ_c |g[c]| where the filter is normalised
namespace hyena::kernels {

struct FilterShape {
  std::int64_t positions = 0;  ///< K
  std::int64_t features = 0;   ///< E
  std::int64_t width = 0;      ///< F, of every sine layer
  std::int64_t channels = 0;   ///< C
  bool normalized = false;
  Type type = Type::kFloat32;  ///< of every argument and of the arithmetic: float32 or float64
};

/// Feature e of position p lies `p · position + e · feature` elements behind `data`.
template <class Pointer>
struct FeaturesOf {
  Pointer data = nullptr;
  std::int64_t position = 0;
  std::int64_t feature = 1;
};

/// weight (F, E) in the first layer, (F, F) in the others, contiguous; bias (F), freq (F).
template <class Pointer>
struct SineLayerOf {
  Pointer weight = nullptr;
  Pointer bias = nullptr;
  Pointer freq = nullptr;
};

struct FilterParameters {
  FeaturesOf<const void*> z;
  std::vector<SineLayerOf<const void*>> layers;  ///< at least one; nothing in them may be absent
  const void* weight = nullptr;                  ///< (C, F), contiguous
  const void* t = nullptr;                       ///< (K); absent: no window
  const void* delta = nullptr;                   ///< (C), with a window
  const void* shift = nullptr;                   ///< (C); absent: 0
};

/// Written where there is memory, and only then computed. Layers that share a parameter have a
/// gradient each: their sum is the parameter's.
struct FilterGradients {
  FeaturesOf<void*> z;
  std::vector<SineLayerOf<void*>> layers;  ///< as many as there are, or none
  void* weight = nullptr;
  void* delta = nullptr;
  void* shift = nullptr;
};

/// Writes `h`: C rows of K taps, any strides; neighbouring channels (channel = 1) cost no detour
/// and are what FilterSpectrum reads best. Sines are right to 3 units in the last place for
/// phases of any size, fast up to 1e4 (float64: 1e6). Throws ArgumentError
/// for sizes below 1, for absent or half a set of arguments, for other types.
void filter_forward(const FilterShape& shape, const FilterParameters& parameters, Taps h,
                    const Executor& executor = {});

/// Gradients of Σ dh ⊙ h. Hidden layers are computed again, a block of positions at a time; sums
/// over positions have a fixed order: the same bits for any number of threads.
void filter_backward(const FilterShape& shape, const FilterParameters& parameters, ConstTaps dh,
                     const FilterGradients& gradients, const Executor& executor = {});

}  // namespace hyena::kernels
