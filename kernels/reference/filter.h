#pragma once

#include <cstdint>
#include <vector>

/// Implicit filters by plain loops in double precision, one position after another: the
/// specification that kernels/filter.h is compared with. Nothing is shared with it.
namespace hyena::kernels::reference {

struct SineLayer {
  std::vector<double> weight;  ///< (F, in), row-major
  std::vector<double> bias;    ///< (F)
  std::vector<double> freq;    ///< (F)
};

/// h[p, c] as kernels/filter.h defines it; t, delta and shift may be empty.
struct ImplicitFilter {
  std::int64_t positions = 0, features = 0, width = 0, channels = 0;
  bool normalized = false;
  std::vector<double> z = {};  ///< (K, E)
  std::vector<SineLayer> layers = {};
  std::vector<double> weight = {};  ///< (C, F)
  std::vector<double> t = {};       ///< (K)
  std::vector<double> delta = {};   ///< (C)
  std::vector<double> shift = {};   ///< (C)
};

/// (K, C).
std::vector<double> evaluate(const ImplicitFilter& filter);

/// Gradients of Σ dh ⊙ h, dh (K, C): each in the place of what it belongs to; t
/// stays as it is.
ImplicitFilter gradients(const ImplicitFilter& filter, const std::vector<double>& dh);

}  // namespace hyena::kernels::reference
