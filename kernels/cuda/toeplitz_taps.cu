#include "kernels/cuda/launch.h"
#include "kernels/cuda/toeplitz.cuh"

namespace hyena::kernels::cuda::toeplitz {
namespace {

/// Slots whose sums a warp keeps. 16 warps hold the 129 blocks of lags of a causal filter of 1024.
constexpr int kSlots = 9, kWarps = 16;
constexpr int kDiagonals = 24;  // of a slot, the last one unused

/// Shared memory of a block: lines of u and of dc, zeros, maxima, scales. In the end the sums of a
/// slot for each warp.
struct Layout {
  int rows, line_part, signal_byte, zeros_byte, maxima_byte, scales_byte, bytes;

  HYENA_HOST_DEVICE Layout(const Lines& l, int items, bool split) {
    rows = items * l.height;
    line_part = rows * l.pitch();
    signal_byte = (split ? 2 : 1) * line_part * 2;
    zeros_byte = 2 * signal_byte;
    maxima_byte = zeros_byte + 16;
    scales_byte = maxima_byte + 2 * rows * 4;
    bytes = larger(scales_byte + 2 * items * 4, kWarps * 128 * 4);
  }
};

/// G(δ, block)[a, c] = Σ over lines and J of dc[16 J + a] · u[line − δ][8 J' + c], J' = 2 J −
/// block, for all line shifts and blocks: products of matrices whose inner dimension is 16 lines.
template <class T>
struct TapGradient {
  static constexpr int kThreads = 32 * kWarps, kMinBlocks = 1;
  using Args = TapGradientArgs<T>;

  /// The slot a warp begins with.
  struct Slot {
    int shift, block;
  };

  template <bool Split>
  static HYENA_DEVICE void multiply(const Args& a, const TapParts& parts, const Layout& layout,
                                    int lines, int left, const Slot& begin, float back,
                                    float (&sum)[kSlots][4]) {
    const Lines& l = a.lines;
    auto* shared = shared_memory<unsigned char>();
    const auto* zeros = reinterpret_cast<const Half*>(shared + layout.zeros_byte);
    const auto* u = reinterpret_cast<const Half*>(shared);
    const auto* dc = reinterpret_cast<const Half*>(shared + layout.signal_byte);
    const int lane = lane_index(), pieces = l.columns / 16;
    for (int m = 0; 16 * m < lines; ++m) {
      const Shifts shifts = shifts_of(l, m, lines, false);
      const int dc_row = 16 * m + lane / 16 * 8 + lane % 8, u_row = 16 * m + lane % 16;
      const int line = u_row < lines ? u_row % l.height : -2 * l.height;
      const Half* dc_line = dc_row < lines ? dc + dc_row * l.pitch() + lane / 8 % 2 * 8 : zeros;
      for (int piece = 0; piece < pieces; ++piece) {
        unsigned high[4], low[4];
        load_matrix_transposed(high, dc_line + (dc_row < lines ? 16 * piece : 0));
        if constexpr (Split) {
          load_matrix_transposed(low,
                                 dc_line + (dc_row < lines ? 16 * piece + layout.line_part : 0));
        }
        int shift = begin.shift, block = begin.block;
        HYENA_UNROLL
        for (int s = 0; s < kSlots; ++s) {
          if (s >= left) break;
          const int other = 2 * piece - block;
          if (shift >= shifts.first && shift <= shifts.last && other >= 0 && other < 2 * pieces) {
            const bool there = line - shift >= 0 && line - shift < l.height;
            const Half* from = there ? u + (u_row - shift) * l.pitch() + 8 * other : zeros;
            unsigned right[2], right_low[2];
            float d[4] = {0, 0, 0, 0};
            load_matrix_transposed(right, from);
            if constexpr (Split) {
              load_matrix_transposed(right_low, from + (there ? layout.line_part : 0));
              mma<Half>(d, low, right);
              mma<Half>(d, high, right_low);
            }
            mma<Half>(d, high, right);
            HYENA_UNROLL
            for (int e = 0; e < 4; ++e) sum[s][e] = fma(d[e], back, sum[s][e]);
          }
          if (++block == parts.first_block + parts.blocks) {
            block = parts.first_block;
            ++shift;
          }
        }
      }
    }
  }

  /// Lines of u and dc to shared memory. u is scaled by item; dc so that the products of all items
  /// of the tile have one scale, whose inverse is returned.
  static HYENA_DEVICE float fill(const Args& a, const Layout& layout, std::int64_t first,
                                 std::int64_t d, int items, bool split) {
    const Lines& l = a.lines;
    auto* shared = shared_memory<unsigned char>();
    auto* maxima = reinterpret_cast<float*>(shared + layout.maxima_byte);
    auto* scales = reinterpret_cast<float*>(shared + layout.scales_byte);
    float* products = scales + a.tile.items;  // the largest of dc, over the scale of u
    const int lines = items * l.height;
    const Products<T> u{a.k, a.v, first, d, a.pairs}, dc{a.q, a.dy, first, d, a.pairs};
    line_maxima<kWarps>(u, l, lines, maxima);
    line_maxima<kWarps>(dc, l, lines, maxima + layout.rows);
    barrier();
    for (int item = warp_index(); item < items; item += kWarps) {
      const float scale = scale_for(item_maximum(maxima, l, item));
      const float most = item_maximum(maxima + layout.rows, l, item) * inverse_power(scale);
      if (lane_index() == 0) {
        store(scales + item, scale);
        store(products + item, most);
      }
    }
    barrier();
    float most = 0;
    for (int item = lane_index(); item < items; item += 32) {
      most = larger(most, load(products + item));
    }
    const float common = scale_for(warp_maximum(most));
    const TileView u_lines{reinterpret_cast<Half*>(shared), layout.line_part};
    const TileView dc_lines{reinterpret_cast<Half*>(shared + layout.signal_byte), layout.line_part};
    fill_lines<kWarps>(u, l, lines, split, u_lines, [&](int item) { return load(scales + item); });
    fill_lines<kWarps>(dc, l, lines, split, dc_lines,
                       [&](int item) { return common * inverse_power(load(scales + item)); });
    barrier();
    return inverse_power(common);
  }

  /// The sums of one slot along its diagonals.
  static HYENA_DEVICE void write(const float (&sum)[4], float* scratch, float* out) {
    const int lane = lane_index(), g = lane / 4, t = lane % 4;
    HYENA_UNROLL
    for (int e = 0; e < 4; ++e) store(scratch + (g + e / 2 * 8) * 8 + 2 * t + e % 2, sum[e]);
    warp_barrier();
    if (lane < kDiagonals) {
      float total = 0;
      for (int c = 0; c < 8; ++c) {
        const int row = c + lane - 7;
        if (row >= 0 && row < 16) total += load(scratch + row * 8 + c);
      }
      store(out + lane, total);
    }
    warp_barrier();
  }

  static HYENA_DEVICE void run(const Args& a) {
    const bool split = sizeof(T) == 4 || a.split;
    const TapParts parts = tap_parts(a.lines);
    const int slot_blocks = (parts.slots() + kWarps * kSlots - 1) / (kWarps * kSlots);
    const std::int64_t group = block_index() / slot_blocks % a.groups;
    const std::int64_t d = block_index() / slot_blocks / a.groups;
    const int begin = (block_index() % slot_blocks * kWarps + warp_index()) * kSlots;
    const int left = smaller(parts.slots() - begin, kSlots);
    const Slot slot{parts.first_shift + begin / parts.blocks,
                    parts.first_block + begin % parts.blocks};

    auto* shared = shared_memory<unsigned char>();
    const Layout layout(a.lines, a.tile.items, split);
    if (thread_index() < 4) {
      store(reinterpret_cast<unsigned*>(shared + layout.zeros_byte) + thread_index(), 0U);
    }
    float sum[kSlots][4] = {};
    const std::int64_t first_item = group * a.tile.items_per_block;
    const std::int64_t end = first_item + a.tile.items_per_block < a.batch
                                 ? first_item + a.tile.items_per_block
                                 : a.batch;
    for (std::int64_t first = first_item; first < end; first += a.tile.items) {
      const int items = smaller(a.tile.items, static_cast<int>(end - first));
      const float back = fill(a, layout, first, d, items, split);
      const int lines = items * a.lines.height;
      if constexpr (sizeof(T) == 4) {
        multiply<true>(a, parts, layout, lines, left, slot, back, sum);
      } else if (split) {
        multiply<true>(a, parts, layout, lines, left, slot, back, sum);
      } else {
        multiply<false>(a, parts, layout, lines, left, slot, back, sum);
      }
    }
    barrier();  // the lines give way to what follows
    float* scratch = reinterpret_cast<float*>(shared) + warp_index() * 128;
    float* out = a.parts + ((group * a.channels + d) * parts.slots() + begin) * kDiagonals;
    HYENA_UNROLL
    for (int s = 0; s < kSlots; ++s) {
      if (s >= left) break;
      write(sum[s], scratch, out + s * kDiagonals);
    }
  }
};

/// One thread a lag of a channel: the parts that belong to it, in order.
struct SumParts {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    Lines lines;
    TapParts parts;
    Lags lags;
    const float* from;
    int groups;
    std::int64_t channels;
    float* dense;
  };

  /// The parts of line shift `shift` and lag `lag` between columns.
  static HYENA_DEVICE float sum(const Args& a, std::int64_t d, int shift, int lag) {
    const int row = shift - a.parts.first_shift;
    if (row < 0 || row >= a.parts.shifts || lag <= -a.lines.columns || lag >= a.lines.columns) {
      return 0;
    }
    float total = 0;
    for (int group = 0; group < a.groups; ++group) {
      const float* slots = a.from + (group * a.channels + d) * a.parts.slots() * kDiagonals;
      // 8 · block − 7 <= lag <= 8 · block + 15; numbers are moved up, to divide without signs.
      const int moved = lag - 8 * a.parts.first_block;
      for (int b = larger(moved - 8, 0) / 8; b <= (moved + 7) / 8; ++b) {
        const int diagonal = moved - 8 * b + 7;
        if (b < a.parts.blocks && diagonal >= 0 && diagonal < kDiagonals - 1) {
          total += load(slots + (row * a.parts.blocks + b) * kDiagonals + diagonal);
        }
      }
    }
    return total;
  }

  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t count = a.lags.height * a.lags.width;
    const std::int64_t n = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    if (n >= count * a.channels) return;
    const std::int64_t d = n / count;
    const int row = static_cast<int>(n % count / a.lags.width + a.lags.first_row);
    const int lag = static_cast<int>(n % a.lags.width + a.lags.first_column);
    float total = 0;
    if (a.lags.circular) {
      const int height = static_cast<int>(a.lags.height), width = static_cast<int>(a.lags.width);
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 2; ++j) total += sum(a, d, row - i * height, lag - j * width);
      }
    } else if (a.lags.height > 1 || a.lines.height == 1) {
      total = sum(a, d, row, lag);
    } else {
      for (int s = 0; s < a.parts.shifts; ++s) {
        const int shift = a.parts.first_shift + s;
        total += sum(a, d, shift, lag - shift * a.lines.width);
      }
    }
    store(a.dense + n, total);
  }
};

}  // namespace

std::size_t tap_gradient_shared_bytes(const Lines& lines, const Tile& tile, bool split) {
  return static_cast<std::size_t>(Layout(lines, tile.items, split).bytes);
}

std::int64_t tap_gradient_floats(const Lines& lines, int groups, std::int64_t channels) {
  return tap_parts(lines).slots() * groups * channels * kDiagonals;
}

template <class T>
void start_tap_gradient(const TapGradientArgs<T>& a, Stream stream) {
  const int slot_blocks = (tap_parts(a.lines).slots() + kWarps * kSlots - 1) / (kWarps * kSlots);
  launch<TapGradient<T>>(a, a.channels * a.groups * slot_blocks, 1,
                         tap_gradient_shared_bytes(a.lines, a.tile, sizeof(T) == 4 || a.split),
                         stream);
}
template void start_tap_gradient(const TapGradientArgs<float>&, Stream);
template void start_tap_gradient(const TapGradientArgs<Bf16>&, Stream);
template void start_tap_gradient(const TapGradientArgs<Half>&, Stream);

void start_tap_sum(const Lines& lines, const Lags& lags, const float* parts, int groups,
                   std::int64_t channels, float* dense, Stream stream) {
  launch<SumParts>({lines, tap_parts(lines), lags, parts, groups, channels, dense},
                   (channels * lags.count() + SumParts::kThreads - 1) / SumParts::kThreads, 1, 0,
                   stream);
}

}  // namespace hyena::kernels::cuda::toeplitz
