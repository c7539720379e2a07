#pragma once

#include "kernels/cuda/elements.h"
#include "kernels/cuda/taps.h"

/// Convolutions as products with Toeplitz matrices, on tensor cores.
///
/// Signals are cut into lines: the rows of a grid, or pieces of a sequence. Output line i is
///   c[i, :] = Σ_δ u[i − δ, :] · T_δ,   T_δ[s, t] = tap at (δ, t − s),
/// so 16 lines, of any items of the batch, are the rows of one product of matrices whose right side
/// depends on the channel alone. Small batches of sequences are cut into more lines, large ones
/// into one each, where a causal filter needs half the products.
///
/// Operands are float16, scaled by powers of two so that the largest value of an item of u, and of
/// a channel's taps, lies in [2^13, 2^14): no product of gates is out of range, and what is too
/// small for float16 is 2^-38 of the largest. `split`: both operands as high and low parts, 22
/// bits, three products instead of one. Sums are float32; those of tensor cores, which cut, run
/// over at most 64 terms before they are added and rounded.
namespace hyena::kernels::cuda::toeplitz {

/// The filter of a channel: its taps by one number n = δ · step + lag, made for all cuts alike, as
/// float16 high parts and then low parts. A sequence has step 1 line's width: n is the lag.
struct Bank {
  int first = 0, count = 0;  ///< n in [first, first + count), both even
  int line = 0;              ///< of grids: numbers from line to line; 0: a sequence

  HYENA_HOST_DEVICE std::int64_t words() const {
    return count;
  }  ///< 32-bit words of a channel, both parts
};

/// How an item is cut.
struct Lines {
  int height = 1;   ///< lines of an item
  int width = 0;    ///< positions of a line; position t is t % width of line t / width
  int length = 0;   ///< positions of an item
  int columns = 0;  ///< width, up to a multiple of 16
  int step = 0;     ///< numbers of the bank from line to line
  bool causal = false;

  /// Elements from line to line in shared memory: no bank conflicts.
  HYENA_HOST_DEVICE int pitch() const { return columns + 8; }
};

/// Lines that a block has in shared memory at a time, and items that it works through.
struct Tile {
  int items = 1, items_per_block = 1;
};

/// out[o] = c ⊙ gate[o], c the convolution of a ⊙ b, or with `transposed` the correlation. Absent
/// a, b, gate: ones. Absent out: none.
template <class T>
struct Task {
  Signal<const T> a, b, gate[2];
  Signal<T> out[2];
  bool transposed;
};
/// One or two tasks, one after the other for each tile: what the first has read the second finds in
/// a cache.
template <class T>
struct ConvolveArgs {
  Lines lines;
  Tile tile;
  Bank bank;
  const unsigned* filter;  ///< of all channels
  const float* scales;     ///< of all channels: 2^-e, where the taps were multiplied by 2^e
  Task<T> tasks[2];
  int count;  ///< of tasks
  std::int64_t batch, channels;
  bool split;
  bool pairs;  ///< two neighbours may be moved at once
};

/// Sums over the batch of dc[t] · u[t − lag], dc = dy ⊙ q, u = k ⊙ v, in parts: see TapParts.
template <class T>
struct TapGradientArgs {
  Lines lines;
  Tile tile;
  Signal<const T> q, k, v, dy;
  float* parts;
  std::int64_t batch, channels;
  int groups;  ///< blocks that share the batch
  bool split, pairs;
};

/// Where those sums lie. A slot is a line shift and a block of lags: its 16 x 8 sums of products
/// of positions 16 J + a and 8 J' + c, 2 J − J' = the block, added along diagonals a − c: 23 lags
/// from 8 · block − 7 on. parts[group, channel, slot, 24].
struct TapParts {
  int first_shift, shifts, first_block, blocks;

  HYENA_HOST_DEVICE int slots() const { return shifts * blocks; }
};
HYENA_HOST_DEVICE TapParts tap_parts(const Lines& l) {
  const int pieces = l.columns / 16;
  TapParts p{1 - l.height, 2 * l.height - 1, 1 - 2 * pieces, 4 * pieces - 2};
  if (l.causal) {
    p.first_shift = 0;
    p.shifts = l.height;
    if (l.height == 1) {
      p.first_block = -1;
      p.blocks = 2 * pieces;
    }
  }
  return p;
}
/// float32 numbers in the parts of that many groups.
std::int64_t tap_gradient_floats(const Lines& lines, int groups, std::int64_t channels);

std::size_t convolve_shared_bytes(const Lines& lines, const Tile& tile, bool split);
std::size_t tap_gradient_shared_bytes(const Lines& lines, const Tile& tile, bool split);

template <class T>
void start_convolve(const ConvolveArgs<T>& args, Stream stream);
template <class T>
void start_tap_gradient(const TapGradientArgs<T>& args, Stream stream);

/// dense (taps.h) -> filter and scales.
void start_bank(const Bank& bank, const Lags& lags, const float* dense, std::int64_t channels,
                unsigned* filter, float* scales, Stream stream);
/// parts -> dense gradients, summed in order.
void start_tap_sum(const Lines& lines, const Lags& lags, const float* parts, int groups,
                   std::int64_t channels, float* dense, Stream stream);

}  // namespace hyena::kernels::cuda::toeplitz
