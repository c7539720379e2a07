#pragma once

#include "kernels/cuda/method.h"

/// Filters by channel and lag, the form between what a caller holds and what a method computes
/// with.
namespace hyena::kernels::cuda {

/// The lags that pairs of positions have: rows first_row … first_row + height − 1, columns alike.
/// On a circular grid lags count modulo its sizes, and first_* is 0.
struct Lags {
  std::int64_t height, width, first_row, first_column;
  bool circular;

  std::int64_t count() const { return height * width; }
};

/// All lags of the shape's grid; for a causal sequence 0 … L − 1.
Lags lags_of(const Shape& shape);

/// dense[d, lag row, lag column], float32 (D, height, width): the tap of that lag, 0 where there is
/// none, with the bias added to lag (0, 0). On a circular grid taps of equal lag are added.
void gather_taps(const Shape& shape, const Lags& lags, const ConstGridTaps& h, const float* bias,
                 float* dense, Stream stream);

/// The way back for gradients: dh[g, a, e] = Σ dense over the channels of row g, in order; 0 for
/// taps whose lag no pair has. dbias[d] = dense of lag (0, 0). Either may be absent.
void fold_gradients(const Shape& shape, const Lags& lags, const float* dense, const GridTaps& dh,
                    float* dbias, Stream stream);

}  // namespace hyena::kernels::cuda
