#pragma once

#include "kernels/cuda/cufft_plans.h"
#include "kernels/cuda/method.h"
#include "kernels/cuda/taps.h"

/// The kernels around cuFFT's. All start on the stream and return.
namespace hyena::kernels::cuda::cufft {

/// One buffer of a pass, as PassArgs (cufft_callbacks.cuh) but of any type: in[0] ⊙ in[1] goes in,
/// result ⊙ gate[i] comes out as out[i].
struct Pass {
  Type type;
  ConstSequences in[2];
  Sequences out[2];
  ConstSequences gate[2];
  PaddedGrid grid;
  std::int64_t first_row, all_rows, channels;
  std::int64_t rows;   ///< of this pass; those from all_rows on are zeros
  const void* filter;  ///< spectrum, D rows
  void* buffer;        ///< rows · spectrum complex numbers
};

void load_signals(const Pass& pass, Stream stream);
void multiply_spectra(const Pass& pass, Stream stream);  ///< buffer times filter
void store_results(const Pass& pass, Stream stream);
/// Puts the pass's arguments before its buffer, for callbacks.
void write_callback_args(const Pass& pass, Stream stream);

/// From U and G, spectra of k ⊙ v and q ⊙ dy, in place: U · H if `outputs`, and G · conj(H). Where
/// dh is not null, it gets G · conj(U) of the pass's rows: written for rows of item 0, else added
/// in the order of rows.
void backward_spectra(const Pass& u, const Pass& g, bool outputs, void* dh, Stream stream);

/// dense (D, lags) · 1 / (padded points), at its lags modulo the padded grid, into D grids; and
/// back from them.
void pad_taps(const PaddedGrid& grid, const Lags& lags, std::int64_t channels, const float* dense,
              void* grids, Stream stream);
void take_lags(const PaddedGrid& grid, const Lags& lags, std::int64_t channels, const void* grids,
               float* dense, Stream stream);
void clear(void* memory, std::size_t bytes, Stream stream);

}  // namespace hyena::kernels::cuda::cufft
