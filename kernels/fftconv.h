#pragma once

#include <cstdint>
#include <memory>

#include "kernels/executor.h"
#include "kernels/tensors.h"

/// Gated long convolutions on the CPU,
///   y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)),
/// in L log L by one complex transform of length ≥ L per channel, causal and bidirectional alike;
/// few positions by direct sums. A group of channels (16 with AVX-512) travels in the lanes of a
/// vector; every length has its plan (cpu/plan.h).
///
/// Relative L2 error against exact sums in float32: below 2e-6 (tests/kernels/fftconv_lengths).
namespace hyena::kernels {

namespace cpu {
struct Spectrum;
}

/// A filter made ready for signals of one length, with its bias. Immutable, cheap to copy, may be
/// used by several threads. Memory: 8 · L · ⌈D/16⌉ · 16 bytes in float32.
class FilterSpectrum {
 public:
  /// Taps of lags that no pair of positions has are ignored; lags without a tap are zero.
  ///   h     float32, or float64 with `type` kFloat64
  ///   bias  D values of the same type with stride 1, or null
  ///   length, channels   L, 1 to 2^23, and D ≥ 1 of the signals
  /// Throws ArgumentError.
  FilterSpectrum(const ConstTaps& h, const void* bias, std::int64_t length, std::int64_t channels,
                 Type type, const Executor& executor = {});

  std::int64_t length() const;
  std::int64_t channels() const;
  const cpu::Spectrum& get() const { return *spectrum_; }

 private:
  std::shared_ptr<const cpu::Spectrum> spectrum_;
};

/// Signals of one call: `type`, `batch` of them, each of the spectrum's length and channels.
struct FftConvShape {
  std::int64_t batch = 0;
  Type type = Type::kFloat32;
};

/// y as above; q and k may be absent. `y` may be q, k or v itself only where those are read at the
/// same element: never v or k, q yes. Scratch: up to 12 · 16 · L bytes for each thread that works,
/// kept for the next call where an array is below 16 MiB.
void fftconv_forward(const FftConvShape& shape, const FilterSpectrum& h, ConstRows q, ConstRows k,
                     ConstRows v, Rows y, const Executor& executor = {});

struct FftConvGradients {
  Rows dq, dk, dv;        ///< dq and dk where q and k are there
  Taps dh;                ///< rows, count and centre as of h; may be absent
  void* dbias = nullptr;  ///< D values, stride 1; may be absent
};

/// Gradients of Σ dy ⊙ y, all written, none added to. The forward pass is computed again: nothing
/// but q, k, v need be kept. Sums over the batch are taken in a fixed order: the same bits for any
/// number of threads. Scratch: up to 28 · 16 · L bytes for each thread that works, and 8 bytes for
/// each tap.
void fftconv_backward(const FftConvShape& shape, const FilterSpectrum& h, ConstRows q, ConstRows k,
                      ConstRows v, ConstRows dy, const FftConvGradients& gradients,
                      const Executor& executor = {});

}  // namespace hyena::kernels
