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

/// The steps of a row; the last radix is 16. f(RowRadices) of a row of `columns` numbers.
template <int Columns, int... Radices>
struct RowRadices {
  static std::vector<int> list() { return {Radices...}; }
};
template <class F>
auto with_radices(int columns, F&& f) {
  switch (columns) {
    case 128:
      return f(RowRadices<128, 8, 16>());
    case 256:
      return f(RowRadices<256, 16, 16>());
    case 512:
      return f(RowRadices<512, 4, 8, 16>());
    case 1024:
      return f(RowRadices<1024, 8, 8, 16>());
    case 2048:
      return f(RowRadices<2048, 8, 16, 16>());
    case 4096:
      return f(RowRadices<4096, 16, 16, 16>());
    case 8192:
      return f(RowRadices<8192, 8, 8, 8, 16>());
    default:
      return f(RowRadices<16384, 8, 8, 16, 16>());
  }
}

/// Writes table_of(plan).size pairs.
void fill(const Plan& plan, float* table);

struct Context {
  Plan plan;
  std::int64_t length;     ///< L
  std::int64_t first_lag;  ///< 0 or 1 − L
  Type type;
  const float* table;
  Stream stream;
};

/// As GroupedMethod wants them: spectra[s] are columns; filters are whole spectra, times 1/M.
void load_signals(const Context& context, const Group& group, const ConstSequences& k,
                  const ConstSequences& v, float* spectra);
void store_signals(const Context& context, const Group& group, Way way, const float* spectra,
                   const Stores& stores);
void load_filter(const Context& context, std::int64_t channels, const float* dense, float* spectra);
void store_filter(const Context& context, std::int64_t channels, float* spectra, float* dense);
void convolve(const Context& context, const Group& group, float* spectra, const float* filter);
void differentiate(const Context& context, const Group& group, float* u, float* dc,
                   const float* filter, float* dh, bool add);

/// What happens to the rows of `channels` · `items` spectra, in place. Spectra hold k2 in the order
/// of the threads, the same everywhere.
enum class Rows {
  kForward,   ///< to the spectrum
  kInverse,   ///< from it
  kConvolve,  ///< to it, times the filter's, and back
};
void transform_rows(const Context& context, Rows what, std::int64_t channels, int items,
                    float* spectra, const float* filter);

}  // namespace hyena::kernels::cuda::four_step
