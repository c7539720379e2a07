#pragma once

#include <cstdint>
#include <string>

#include "kernels/cuda/method.h"

namespace hyena::kernels::cuda {

/// One call of a method on random signals, and its exact result.
struct MethodCase {
  std::string method;
  std::int64_t height = 1, width = 1;
  std::int64_t batch = 1, channels = 1;
  std::int64_t rows = 0;                         ///< of taps; 0: one for each channel
  std::int64_t taps_height = 0, taps_width = 0;  ///< 0: as many as there are lags
  bool causal = false;                           ///< sequences: lags 0, 1, …; else centred
  bool circular = false;
  bool q = true, k = true, bias = true;
  bool odd_rows = false;  ///< rows start at odd elements, an odd number of elements apart
  Type type = Type::kFloat32;
  double size = 1;  ///< standard deviation of k and v; taps are by its square smaller
  std::uint64_t seed = 1;
  int multiprocessors = 0, shared_per_block = 0;  ///< told to the method; 0: the device's
  std::size_t l2_bytes = 0;  ///< of the device, for methods that go by it; 0: as it is

  Shape shape() const;
  std::string name() const;
};

/// Relative L2 error of each tensor against float64 direct sums: everywhere up to 2048 positions,
/// above at 200 random ones (sequences). db is relative to the norm of the sums of absolute terms.
struct MethodErrors {
  double y = 0, dq = 0, dk = 0, dv = 0, dh = 0, db = 0;
};

/// Runs the method forward and backward from poisoned memory, with gaps between rows that must stay
/// as they are (throws std::logic_error otherwise), and compares.
MethodErrors errors_of(const MethodCase& c);

/// gtest: all errors below the limits of the type: float32 2e-6 (dh 1e-5), float16 1e-3, bfloat16
/// 4e-3.
void expect_exact(const MethodCase& c);

}  // namespace hyena::kernels::cuda
