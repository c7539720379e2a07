#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cuda/group.h"

/// A transform of length M = A · B on the ring x^M = −i, X[k] = Σ u[n] e^(−2πi n(k+¼)/M), for
/// signals that one block of threads cannot hold. With n = B·n1 + n2 and k = k1 + A·k2:
///   columns   for every n2 the same on the ring x^A = −i, over n1, then times e^(−2πi n2(k1+¼)/M)
///   rows      for every k1 an ordinary transform over n2
/// Real parts of products are causal convolutions without wrapping, as long as M ≥ L; a tap to the
/// left, h−[j], is i · h−[j] at M − j.
namespace hyena::kernels::cuda::four_step {

/// A = radix · 16: columns are transformed in two steps, `radix` and 16, the first of them picking
/// n1 = 16·a + o. Row κ·16 + λ of a spectrum belongs to k1 = κ + radix · λ.
struct Plan {
  int radix = 0;    ///< 8, 10, 12, 14 or 16
  int columns = 0;  ///< B, 2^7 … 2^14
  std::int64_t rows() const { return 16 * radix; }
  std::int64_t size() const { return rows() * columns; }
};

/// The smallest M ≥ length of which a row fits into a block's shared memory; radix 0 if there is
/// none.
Plan plan_for(std::int64_t length, int shared_per_block);

/// Bytes of shared memory for the rows of one block.
std::size_t rows_shared_bytes(int columns);

/// Pairs (cos, −sin) that the kernels read, one part after the other.
struct Table {
  std::int64_t column;  ///< [κ][o]: e^(−2πi o(κ+¼)/A)
  std::int64_t twist;   ///< [κ][n2]: e^(−2πi n2(κ+¼)/M)
  std::int64_t powers;  ///< [p][n2]: e^(−2πi n2·radix·m/M), m = 1, 2, 3, 4, 8, 12
  std::int64_t row;     ///< for each step of a row but the last, [k−1][n]: e^(−2πi nk/N)
  std::int64_t size;
};
Table table_of(const Plan& plan);
/// Radices of a row of `columns` numbers; the last is 16.
std::vector<int> row_radices(int columns);
/// Writes table_of(plan).size pairs.
void fill(const Plan& plan, float* table);

struct Context {
  Plan plan;
  std::int64_t length;  ///< L
  Type type;
  const float* table;
  Stream stream;
};

/// spectra[s] = columns of k ⊙ v (v where k is absent).
void load_columns(const Context& context, const Group& group, const ConstSequences& k,
                  const ConstSequences& v, float* spectra);
/// The same for filters by channel and lag, times 1/M; `first_lag` 0 or 1 − L.
void load_lags(const Context& context, std::int64_t channels, std::int64_t first_lag,
               const float* dense, float* spectra);

/// The real part of the inverse columns.
void store_columns(const Context& context, const Group& group, const float* spectra,
                   const Stores& stores);
/// Gradients by channel and lag from spectra whose rows are transformed back, times 1/M.
void store_lags(const Context& context, std::int64_t channels, std::int64_t first_lag,
                const float* spectra, float* dense);

/// What happens to the rows of `channels` · `items` spectra, in place. Spectra hold k2 in the order
/// of the threads, the same everywhere.
enum class Rows {
  kForward,   ///< to the spectrum
  kInverse,   ///< from it
  kConvolve,  ///< to it, times the filter's, and back
};
void transform_rows(const Context& context, Rows what, int channels, int items, float* spectra,
                    const float* filter);
/// u becomes u ∗ h; dc the correlation of dc and h; dh, a spectrum for each channel, gets Σ dc ·
/// conj(u) over the items in order, added to what is there if `add`.
void differentiate_rows(const Context& context, int channels, int items, float* u, float* dc,
                        const float* filter, float* dh, bool add);

}  // namespace hyena::kernels::cuda::four_step
