#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

/// What an implicit filter computes its taps from.
struct ImplicitFilter {
  struct SineLayer {
    at::Tensor weight;  ///< (F, E) in the first layer, (F, F) in the others
    at::Tensor bias;    ///< (F)
    at::Tensor freq;    ///< (F) or (1, F)
  };
  at::Tensor z;                   ///< (K, E), the features of each place; its dtype is computed in
  std::vector<SineLayer> layers;  ///< one at least
  at::Tensor weight;              ///< (C, F)
  at::Tensor t;                   ///< (K), no gradient; undefined: no window
  at::Tensor delta;               ///< (C), with a window
  at::Tensor shift;               ///< (C), or undefined for 0
  bool normalized = false;
};

/// Taps (K, C) of an implicit filter (kernels/filter.h has the formulas), float64 for z of float64,
/// else float32, also under autocast; differentiable in all tensors but t. On the CPU the
/// arithmetic is hyena::kernels with gradients written by hand (once differentiable), elsewhere, or
/// while a Composition (ops/fftconv.h) is alive, LibTorch's. Source: HyenaFilter of safari.
at::Tensor implicit_filter(const ImplicitFilter& filter);

}  // namespace hyena::backbone
