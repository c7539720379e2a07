#pragma once

#include <ATen/core/Tensor.h>

/// What a gate does with a text or a picture, in numbers. A stream is (C, L).
namespace hyena::inspect {

struct GateFacts {
  at::Tensor norm;        ///< (L): over channels, 2-norm
  double closed = 0;      ///< share of |g| < threshold
  double sign_flips = 0;  ///< share of neighbours g[c, t], g[c, t + 1] of unlike signs; 0 for L = 1
};
GateFacts gate_facts(const at::Tensor& stream, double threshold = 0.05);

}  // namespace hyena::inspect
