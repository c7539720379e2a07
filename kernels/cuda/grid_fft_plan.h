#pragma once

#include "kernels/cuda/group.h"
#include "kernels/cuda/line_plan.h"

/// Convolutions over a grid H × W by transforms: each row on the ring x^W' = −i, W' ≥ W, then each
/// of the W' columns as an ordinary transform of H' numbers. Between the kernels spectra of rows
/// lie in memory, [row][W'] pairs: rows of zeros are neither stored nor transformed.
///   zeros outside   H' ≥ 2H − 1; the real part is what does not wrap along a row
///   circular        what leaves a row at its end is the imaginary part, times −1: it is added at
///                   the row's start. Columns of exactly H, or of 2H − 1 at least and added up too.
namespace hyena::kernels::cuda::grid_fft {

struct Plan {
  int height, width;  ///< H, W
  bool circular;
  LinePlan row, column;  ///< of W' and H'; length 0: not served
  int row_shift;         ///< a block takes 2^row_shift rows
  int column_shift;      ///< or 2^column_shift columns

  /// Rows of lags: 2H − 1, or H on a circular grid.
  int lag_rows() const { return circular ? height : 2 * height - 1; }
  /// Lags of a row: 2W − 1, or W.
  int lags() const { return circular ? width : 2 * width - 1; }
  /// Whether columns hold what wraps apart from what does not.
  bool fold() const { return circular && column.length != height; }
  std::int64_t rows_size() const { return static_cast<std::int64_t>(height) * row.length; }
  std::int64_t size() const { return static_cast<std::int64_t>(column.length) * row.length; }
};

/// Lengths 0 where rows or columns are too long for `shared_per_block` bytes.
Plan plan_for(const Grid2d& grid, int shared_per_block);

/// Pairs: the ring's, the row's, the column's.
std::int64_t table_pairs(const Plan& plan);
void fill(const Plan& plan, float* table);

struct Context {
  Plan plan;
  Type type;
  const float* table;
  Stream stream;
};

/// Where results leave a circular grid to come in on the other side: a convolution at the end, a
/// correlation at the start.
enum class Wrap { kNone, kEnd, kStart };

/// As GroupedMethod wants them: spectra[s][i] is row i; filters are whole spectra, size() pairs,
/// times 1/(H' W').
void load_signals(const Context& context, const Group& group, const ConstSequences& k,
                  const ConstSequences& v, float* spectra);
void store_signals(const Context& context, const Group& group, Way way, const float* spectra,
                   const Stores& stores);
void load_filter(const Context& context, std::int64_t channels, const float* dense, float* spectra);
void store_filter(const Context& context, std::int64_t channels, float* spectra, float* dense);
void convolve(const Context& context, const Group& group, float* spectra, const float* filter);
void differentiate(const Context& context, const Group& group, float* u, float* dc,
                   const float* filter, float* dh, bool add);

/// Filters in place: the columns of the first lag_rows() rows to all of the H' rows, or back.
void filter_columns(const Context& context, std::int64_t channels, float* spectra, bool back);

}  // namespace hyena::kernels::cuda::grid_fft
