#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"

/// What the sources of the method fused_fft share: arguments and launches for one padded length N.
namespace hyena::kernels::cuda::fused_fft {

/// A signal (B, D, L) of any element type.
struct Rows {
  const void* data;
  std::int64_t batch, channel;
};

/// Counts are ints: a method checks that they are small enough.

/// How signals are stored. Pairs: neighbours may be moved two at a time, since L, all strides and
/// all pointers are multiples of two elements.
enum class Element : int { kFloat, kBf16, kHalf };
struct Storage {
  Element element;
  bool pairs;
};

struct ForwardArgs {
  const void* table;
  const void* spectrum;  ///< of the filter, D rows in thread order
  Rows q, k, v, y;
  Storage storage;
  int length, batch, channels;
};

/// The batch is cut into `groups`: a group of threads goes through the items g, g + groups, … of a
/// channel and leaves the sum of conj(F(k v)) · F(q dy) over them in row channel · groups + g of
/// `sums`, which has rows for the channels rounded up to whole blocks.
struct BackwardArgs {
  const void* table;
  const void* spectrum;
  Rows q, k, v, dy, dq, dk, dv;
  Storage storage;
  int length, groups, batch, channels;
  void* sums;
};

/// Taps by lag (taps.h), causal or all 2L − 1, and a spectrum.
struct FilterArgs {
  const void* table;
  float* dense;
  void* spectrum;  ///< of channel · groups + g
  bool causal;
  int length, groups, channels;
};

/// For N of kLengths. Blocks follow from the arguments.
template <int N>
struct Kernels {
  static void forward(const ForwardArgs& args, Stream stream);
  static void backward(const BackwardArgs& args, Stream stream);
  /// dense -> spectrum / N, groups 1.
  static void transform_filter(const FilterArgs& args, Stream stream);
  /// Σ of the groups' spectra, in order -> dense.
  static void transform_gradients(const FilterArgs& args, Stream stream);
};

}  // namespace hyena::kernels::cuda::fused_fft
