#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/cuda/stream.h"
#include "kernels/tensors.h"

/// cuFFT behind the few calls that the method needs, so that the tests can put direct sums in its
/// place.
namespace hyena::kernels::cuda::cufft {

/// A grid with zeros behind its rows and columns, in the memory of its own spectrum: rows of
/// `pitch` floats, of which `padded_width` count, or of pitch / 2 complex numbers.
struct PaddedGrid {
  int height, width;
  int padded_height, padded_width;
  int pitch;              ///< 2 · (padded_width / 2 + 1)
  std::int64_t spectrum;  ///< complex numbers of one grid, padded_height · pitch / 2
};

/// Unscaled transforms in place, one of `rows` grids after the other.
enum class Transform {
  kForward,        ///< real to complex
  kInverse,        ///< complex to real
  kLoad,           ///< kForward of k ⊙ v, or q ⊙ dy, that a callback loads
  kMultiplyStore,  ///< kInverse of spectrum times filter, stored as signals by a callback
  kStore,          ///< kInverse, stored by a callback
};

/// Bytes before a grid's memory that callbacks take their arguments from (cufft_callbacks.cuh).
constexpr std::size_t kCallbackBytes = 256;

/// Plans, made when they are first asked for and kept, for the device that is current then. Making
/// one may allocate and wait; running one does neither and may be captured in a graph. Any thread
/// may call. Throws std::runtime_error with cuFFT's word for what went wrong.
class Plans {
 public:
  /// type: of the signals that callbacks load and store.
  Plans(const PaddedGrid& grid, Type type);
  ~Plans();

  /// Whether this build has callbacks.
  static bool have_callbacks();

  /// Makes the plan. Bytes of memory that run() needs beside the grids.
  std::size_t work_bytes(Transform transform, std::int64_t rows) const;
  void run(Transform transform, std::int64_t rows, void* grids, void* work, Stream stream) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hyena::kernels::cuda::cufft
