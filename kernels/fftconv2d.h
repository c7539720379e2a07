#pragma once

#include <cstdint>
#include <memory>

#include "kernels/executor.h"
#include "kernels/tensors.h"

/// Gated convolutions over grids on the CPU, y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)), with filters
/// as large as the grid reaches, (2H − 1) × (2W − 1).
namespace hyena::kernels {

namespace cpu {
struct GridSpectrum;
}

/// Taps over a grid: tap (a, e) of row g lies `g · channel + a · row + e · tap` elements behind
/// `data`. Tap (centre_row, centre_column) is lag (0, 0).
template <class Pointer>
struct GridTapsOf {
  Pointer data = nullptr;
  std::int64_t rows = 0;  ///< G, dividing D: channel d uses row d mod G
  std::int64_t height = 0, width = 0;
  std::int64_t centre_row = 0, centre_column = 0;
  std::int64_t channel = 0, row = 0, tap = 1;
  explicit operator bool() const { return data != nullptr; }
};
using GridTaps = GridTapsOf<void*>;
using ConstGridTaps = GridTapsOf<const void*>;

/// The grid of a signal. Signals are Rows of H · W positions, row after row.
struct Grid2d {
  std::int64_t height = 0, width = 0;
  bool circular = false;  ///< wrap around instead of zeros outside
};

/// A 2-D filter made ready for one grid, as FilterSpectrum. Memory: about 16 · H · W · ⌈D/16⌉ · 16
/// bytes in float32. Throws ArgumentError.
class FilterSpectrum2d {
 public:
  FilterSpectrum2d(const ConstGridTaps& h, const void* bias, const Grid2d& grid,
                   std::int64_t channels, Type type, const Executor& executor = {});

  const Grid2d& grid() const;
  std::int64_t channels() const;
  const cpu::GridSpectrum& get() const { return *spectrum_; }

 private:
  std::shared_ptr<const cpu::GridSpectrum> spectrum_;
};

/// As fftconv_forward and fftconv_backward of fftconv.h.
void fftconv2d_forward(std::int64_t batch, Type type, const FilterSpectrum2d& h, ConstRows q,
                       ConstRows k, ConstRows v, Rows y, const Executor& executor = {});

struct FftConv2dGradients {
  Rows dq, dk, dv;        ///< dq and dk where q and k are there
  GridTaps dh;            ///< sizes and centre as of h; may be absent
  void* dbias = nullptr;  ///< D values, stride 1; may be absent
};

void fftconv2d_backward(std::int64_t batch, Type type, const FilterSpectrum2d& h, ConstRows q,
                        ConstRows k, ConstRows v, ConstRows dy, const FftConv2dGradients& gradients,
                        const Executor& executor = {});

}  // namespace hyena::kernels
