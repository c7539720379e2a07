#include <type_traits>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/toeplitz.cuh"

namespace hyena::kernels::cuda::toeplitz {
namespace {

constexpr int kWarps = 8;
constexpr int kColumns = 8;  // blocks of 8 outputs that a warp sums at a time

/// The numbers of the bank that a block needs: those of all pairs of positions, and what a warp
/// reads beyond the diagonal of a causal filter.
struct Span {
  int first, count;
};
HYENA_HOST_DEVICE Span span_of(const Lines& l) {
  const int reach = (l.height - 1) * l.step + l.columns;
  const int back = l.causal ? smaller(reach, 80) : reach;
  return {-back, back + reach};
}

/// Shared memory of a block: the filter, the lines, zeros, scales. The filter lies there twice, the
/// second copy one element on: a lane finds any two neighbours in one word. The copies are 16 banks
/// apart, so that the lanes of a warp meet no conflict.
struct Layout {
  int copy_words, part_words, rows, line_part;
  int lines_byte, zeros_byte, maxima_byte, scales_byte, bytes;

  HYENA_HOST_DEVICE Layout(const Lines& l, int items, bool split) {
    copy_words = (span_of(l).count / 2 + 31) / 32 * 32 + 16;
    part_words = 2 * copy_words;
    rows = items * l.height;
    line_part = rows * l.pitch();
    lines_byte = (split ? 2 : 1) * part_words * 4;
    zeros_byte = lines_byte + (split ? 2 : 1) * line_part * 2;
    maxima_byte = zeros_byte + 16;
    scales_byte = maxima_byte + rows * 4;
    bytes = scales_byte + items * 4;
  }
};

/// The filter's numbers as the product wants them: falling for a convolution (element e is number
/// last − e), rising for a correlation.
HYENA_DEVICE void copy_filter(const Bank& bank, const Span& span, const unsigned* from,
                              unsigned* to, int copy_words, bool falling) {
  const unsigned* words = from + (span.first - bank.first) / 2;
  const int count = span.count / 2;
  const auto word = [&](int i) {
    if (i >= count) return 0U;
    const unsigned w = load(words + (falling ? count - 1 - i : i));
    return falling ? w >> 16 | w << 16 : w;
  };
  for (int i = thread_index(); i < count; i += 32 * kWarps) {
    const unsigned here = word(i);
    store(to + i, here);
    store(to + copy_words + i, here >> 16 | word(i + 1) << 16);
  }
}

/// Where a lane reads.
struct LanePointers {
  const Half* line;      // its row of the left fragments, at the first of Steps blocks of terms
  int advance, low;      // elements to the next block; to the low parts
  const unsigned* word;  // its word of the right fragment of the first block and column
  int low_words;
};

/// sum[j] += u of Steps blocks of 16 positions · the filter's blocks, for `count` blocks of 8
/// outputs. Word m of the filter serves all j and steps with 2 step + half − j = m: one is loaded
/// for each j.
template <int Steps, bool Split>
HYENA_DEVICE void multiply_steps(float (&sum)[kColumns][4], int count, const LanePointers& at) {
  unsigned high[Steps][4], low[Split ? Steps : 1][4];
  HYENA_UNROLL
  for (int s = 0; s < Steps; ++s) {
    load_matrix(high[s], at.line + s * at.advance);
    if constexpr (Split) load_matrix(low[s], at.line + s * at.advance + at.low);
  }
  constexpr int kOrigin = kColumns - 1, kWords = kOrigin + 2 * Steps;
  unsigned filter[kWords], filter_low[Split ? kWords : 1];
  HYENA_UNROLL
  for (int m = 1; m < 2 * Steps; ++m) {
    filter[kOrigin + m] = load(at.word + 4 * m);
    if constexpr (Split) filter_low[kOrigin + m] = load(at.word + at.low_words + 4 * m);
  }
  HYENA_UNROLL
  for (int j = 0; j < kColumns; ++j) {
    if (j >= count) break;
    const int o = kOrigin - j;
    filter[o] = load(at.word - 4 * j);
    if constexpr (Split) filter_low[o] = load(at.word + at.low_words - 4 * j);
    float d[4] = {0, 0, 0, 0};
    if constexpr (Split) {  // the small terms first
      HYENA_UNROLL
      for (int s = 0; s < Steps; ++s) {
        mma<Half>(d, low[s], {filter[o + 2 * s], filter[o + 2 * s + 1]});
        mma<Half>(d, high[s], {filter_low[o + 2 * s], filter_low[o + 2 * s + 1]});
      }
    }
    HYENA_UNROLL
    for (int s = 0; s < Steps; ++s)
      mma<Half>(d, high[s], {filter[o + 2 * s], filter[o + 2 * s + 1]});
    HYENA_UNROLL
    for (int e = 0; e < 4; ++e) sum[j][e] += d[e];
  }
}

template <class T>
struct Convolve {
  static constexpr int kThreads = 32 * kWarps, kMinBlocks = 2;
  using Args = ConvolveArgs<T>;

  /// A warp's share: 16 lines of the tile, `count` blocks of 8 outputs from block `first` on.
  struct Unit {
    int m, first, count;
  };

  template <bool Split>
  static HYENA_DEVICE void multiply(const Args& a, bool transposed, const Layout& layout, int lines,
                                    const Unit& unit, float (&sum)[kColumns][4]) {
    const Lines& l = a.lines;
    auto* shared = shared_memory<unsigned char>();
    const auto* zeros = reinterpret_cast<const Half*>(shared + layout.zeros_byte);
    const auto* tile = reinterpret_cast<const Half*>(shared + layout.lines_byte);
    const int lane = lane_index(), row = 16 * unit.m + lane % 16, column = lane / 16 * 8;
    const int line = row < lines ? row % l.height : -2 * l.height;

    // Element e of the filter's copies is the tap of δ · step + t − s = base − e.
    const Span span = span_of(l);
    const int base = transposed ? -span.first : span.first + span.count - 1;
    const int element = base - lane / 4 + lane % 4 * 2, odd = element & 1;
    const unsigned* words = reinterpret_cast<const unsigned*>(shared) + odd * layout.copy_words +
                            (element - odd) / 2 - 4 * unit.first;

    constexpr int kSteps = Split ? 2 : 4;  // no registers for more
    const Shifts shifts = shifts_of(l, unit.m, lines, transposed);
    for (int shift = shifts.first; shift <= shifts.last; ++shift) {
      int k = 0, end = l.columns / 16;
      if (l.causal && shift == 0) {
        if (transposed) {
          k = unit.first / 2;
        } else {
          end = smaller(end, (unit.first + unit.count + 1) / 2);
        }
      }
      // Lines that are not there are zeros.
      const bool there = line - shift >= 0 && line - shift < l.height;
      LanePointers at{there ? tile + (row - shift) * l.pitch() + column + 16 * k : zeros,
                      there ? 16 : 0, there ? layout.line_part : 0,
                      words - shift * l.step / 2 + 8 * k, layout.part_words};
      for (; k + kSteps <= end; k += kSteps) {
        multiply_steps<kSteps, Split>(sum, unit.count, at);
        at.line += kSteps * at.advance;
        at.word += 8 * kSteps;
      }
      for (; k < end; ++k) {
        multiply_steps<1, Split>(sum, unit.count, at);
        at.line += at.advance;
        at.word += 8;
      }
    }
  }

  static HYENA_DEVICE void write_pair(const Args& a, const Task<T>& task, int o, std::int64_t item,
                                      std::int64_t d, int line, int column, float x, float y) {
    const int count = positions(a.lines, line, column), t = line * a.lines.width + column;
    if (task.out[o].data == nullptr || count == 0) return;
    const float2 gate = load_pair(Products<T>::position(task.gate[o], item, d, t), count, a.pairs);
    T* p = task.out[o].row(item, d) + t;
    const T first = from_float<T>(x * gate.x), second = from_float<T>(y * gate.y);
    if (a.pairs && count == 2) {
      store(reinterpret_cast<Pack<T, 2>*>(p), Pack<T, 2>{{first, second}});
    } else {
      store(p, first);
      if (count > 1) store(p + 1, second);
    }
  }

  static HYENA_DEVICE void write(const Args& a, const Task<T>& task, std::int64_t first_item,
                                 std::int64_t d, int lines, const float* scales, const Unit& unit,
                                 const float (&sum)[kColumns][4]) {
    const float of_filter = load(a.scales + d);
    const int g = lane_index() / 4, t = lane_index() % 4;
    HYENA_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int row = 16 * unit.m + g + 8 * half;
      if (row >= lines) continue;
      const int item = row / a.lines.height, line = row % a.lines.height;
      // Smaller first: the two together may be out of float32's range where the result is not.
      const float of_item = inverse_power(load(scales + item));
      const float small = of_item < of_filter ? of_item : of_filter;
      const float large = larger(of_item, of_filter);
      HYENA_UNROLL
      for (int j = 0; j < kColumns; ++j) {
        if (j >= unit.count) break;
        const float x = sum[j][2 * half] * small * large;
        const float y = sum[j][2 * half + 1] * small * large;
        for (int o = 0; o < 2; ++o) {
          write_pair(a, task, o, first_item + item, d, line, 8 * (unit.first + j) + 2 * t, x, y);
        }
      }
    }
  }

  static HYENA_DEVICE void run(const Args& a) {
    const Lines& l = a.lines;
    const bool split = sizeof(T) == 4 || a.split;
    const std::int64_t groups = (a.batch + a.tile.items_per_block - 1) / a.tile.items_per_block;
    const std::int64_t d = block_index() / groups;
    const std::int64_t begin = block_index() % groups * a.tile.items_per_block;
    const std::int64_t end =
        begin + a.tile.items_per_block < a.batch ? begin + a.tile.items_per_block : a.batch;

    const Layout layout(l, a.tile.items, split);
    auto* shared = shared_memory<unsigned char>();
    auto* filter = reinterpret_cast<unsigned*>(shared);
    auto* maxima = reinterpret_cast<float*>(shared + layout.maxima_byte);
    auto* scales = reinterpret_cast<float*>(shared + layout.scales_byte);
    const TileView tile{reinterpret_cast<Half*>(shared + layout.lines_byte), layout.line_part};
    const unsigned* bank = a.filter + d * a.bank.words();
    if (thread_index() < 4) {
      store(reinterpret_cast<unsigned*>(shared + layout.zeros_byte) + thread_index(), 0U);
    }

    const int blocks = (smaller(l.width, l.length) + 7) / 8;  // of outputs of a line
    const int chunks = (blocks + kColumns - 1) / kColumns;
    const int per_chunk = (blocks + chunks - 1) / chunks;
    int next = 0;  // task
    for (std::int64_t first = begin; first < end;) {
      const Task<T>& task = a.tasks[next];
      const int items = smaller(a.tile.items, static_cast<int>(end - first));
      const int lines = items * l.height;
      const Products<T> products{task.a, task.b, first, d, a.pairs};
      line_maxima<kWarps>(products, l, lines, maxima);
      barrier();
      if (a.count > 1 || first == begin) {
        copy_filter(a.bank, span_of(l), bank, filter, layout.copy_words, !task.transposed);
        if (split) {
          copy_filter(a.bank, span_of(l), bank + a.bank.count / 2, filter + layout.part_words,
                      layout.copy_words, !task.transposed);
        }
      }
      for (int item = warp_index(); item < items; item += kWarps) {
        const float most = item_maximum(maxima, l, item);
        if (lane_index() == 0) store(scales + item, scale_for(most));
      }
      barrier();
      fill_lines<kWarps>(products, l, lines, split, tile,
                         [&](int item) { return load(scales + item); });
      barrier();
      // Long sums first, so that warps end together.
      const int sixteens = (lines + 15) / 16;
      for (int turn = 0; turn * kWarps < sixteens * chunks; ++turn) {
        const int n = turn * kWarps + (turn % 2 == 0 ? warp_index() : kWarps - 1 - warp_index());
        if (n >= sixteens * chunks) continue;
        const int chunk = task.transposed ? n / sixteens : chunks - 1 - n / sixteens;
        const Unit unit{n % sixteens, chunk * per_chunk,
                        smaller(per_chunk, blocks - chunk * per_chunk)};
        float sum[kColumns][4] = {};
        if constexpr (sizeof(T) == 4) {
          multiply<true>(a, task.transposed, layout, lines, unit, sum);
        } else if (split) {
          multiply<true>(a, task.transposed, layout, lines, unit, sum);
        } else {
          multiply<false>(a, task.transposed, layout, lines, unit, sum);
        }
        write(a, task, first, d, lines, scales, unit, sum);
      }
      if (++next == a.count) {
        next = 0;
        first += a.tile.items;
      }
    }
  }
};

}  // namespace

std::size_t convolve_shared_bytes(const Lines& lines, const Tile& tile, bool split) {
  return static_cast<std::size_t>(Layout(lines, tile.items, split).bytes);
}

template <class T>
void start_convolve(const ConvolveArgs<T>& a, Stream stream) {
  const std::int64_t groups = (a.batch + a.tile.items_per_block - 1) / a.tile.items_per_block;
  launch<Convolve<T>>(a, groups * a.channels, 1,
                      convolve_shared_bytes(a.lines, a.tile, sizeof(T) == 4 || a.split), stream);
}
template void start_convolve(const ConvolveArgs<float>&, Stream);
template void start_convolve(const ConvolveArgs<Bf16>&, Stream);
template void start_convolve(const ConvolveArgs<Half>&, Stream);

}  // namespace hyena::kernels::cuda::toeplitz
