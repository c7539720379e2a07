#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/fftconv.h"

namespace hyena::kernels {

/// One call of the long convolution on random signals, and its exact result.
struct ConvolutionCase {
  std::int64_t batch = 1, length = 1, channels = 1;
  std::int64_t rows = 0;  ///< of taps; 0: one for each channel
  std::int64_t taps = 0;  ///< 0: as many as there are lags
  bool centred = false;
  bool gated = true;
  bool bias = true;
  Type type = Type::kFloat32;
  std::uint64_t seed = 1;

  std::string name() const;
};

/// Relative L2 error of each tensor, float64 by direct sums: everywhere up to 4096 positions, above
/// at 256 random ones of each tensor; of over 200 filters on over 500 positions some are compared.
/// db is relative to the norm of the sums of absolute terms.
struct ConvolutionErrors {
  double y = 0, dq = 0, dk = 0, dv = 0, dh = 0, db = 0;
};

/// Runs the kernel forward and backward, writes into poisoned memory with gaps between the rows
/// (which must stay as they are: throws std::logic_error otherwise), and compares.
ConvolutionErrors errors_of(const ConvolutionCase& c, const Executor& executor = {});

}  // namespace hyena::kernels
