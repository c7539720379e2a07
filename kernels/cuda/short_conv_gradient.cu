#include <algorithm>

#include "kernels/cuda/elements.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/short_conv_gradient.h"
#include "kernels/cuda/short_conv_tile.cuh"

namespace hyena::kernels::cuda::short_conv {
namespace {

constexpr int kSums = 16;  // taps that a block sums at once; the bias goes with the first
constexpr int kBlocksWanted = 4096;
constexpr int kWarps = kBlock / 32;

/// Sums over a slice of the tiles: partial[slice, channel, tap], the bias as the last tap.
template <class T>
struct PartialSums {
  static constexpr int kThreads = kBlock, kMinBlocks = 6;
  struct Args {
    Tiles tiles;
    Strided<const T> x, dy;
    float* partial;
    int all_tiles, tiles_each;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const Tiles& t = a.tiles;
    const int group = block_index() % t.groups, slice = block_index() / t.groups;
    const int taps = t.kernel_height * t.kernel_width, first_tap = block_row() * kSums;
    float* tile = shared_memory<float>();
    int offset[kSums];
    float sum[kSums], bias = 0;
    HYENA_UNROLL
    for (int k = 0; k < kSums; ++k) {
      const int tap = first_tap + k < taps ? first_tap + k : 0;
      const int y = tap / t.kernel_width;
      offset[k] = y * t.row_pitch + (tap - y * t.kernel_width) * t.column_pitch;
      sum[k] = 0;
    }
    const int begin = slice * a.tiles_each;
    for (int n = begin; n - begin < a.tiles_each && n < a.all_tiles; ++n) {
      const TileAt at = tile_at(t, group, n);
      load_tile(t, a.x, at, tile);
      barrier();
      for_each(t, t.tile_height, t.tile_width, 1 << t.lanes_log2, [&](int plane, int i, int j) {
        const std::int64_t channel = at.channel + plane;
        const int row = at.row + i, column = at.column + j;
        if (channel >= t.channels || row >= t.height || column >= t.width) return;
        const float g = to_float(
            load(a.dy.at(at.item, channel, static_cast<std::int64_t>(row) * t.width + column)));
        const float* x = tile + plane * t.plane_pitch + i * t.row_pitch + j * t.column_pitch;
        bias += g;
        HYENA_UNROLL
        for (int k = 0; k < kSums; ++k) sum[k] = fma(g, load(x + offset[k]), sum[k]);
      });
      barrier();
    }

    // Over the lanes, unless each has a channel of its own; then over the warps.
    float* of_warps = tile;  // (kSums + 1, warps, 32)
    HYENA_UNROLL
    for (int k = 0; k <= kSums; ++k) {
      float total = k < kSums ? sum[k < kSums ? k : 0] : bias;
      if (!t.channels_last) {
        for (int mask = 16; mask > 0; mask /= 2) total += shuffle_xor(total, mask);
      }
      store(of_warps + (k * kWarps + warp_index()) * 32 + lane_index(), total);
    }
    barrier();
    const int planes = t.channels_last ? 32 : 1;
    for (int n = thread_index(); n < (kSums + 1) * planes; n += kBlock) {
      const int k = n / planes, plane = n - k * planes;
      const std::int64_t channel = static_cast<std::int64_t>(group) * t.planes + plane;
      const int tap = k < kSums ? first_tap + k : taps;
      if (channel >= t.channels || (k < kSums ? tap >= taps : first_tap != 0)) continue;
      float total = 0;
      for (int w = 0; w < kWarps; ++w) total += load(of_warps + (k * kWarps + w) * 32 + plane);
      store(
          a.partial + (static_cast<std::int64_t>(slice) * t.channels + channel) * (taps + 1) + tap,
          total);
    }
  }
};

/// One thread a tap of a channel, over the slices in order.
struct SumSlices {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    const float* partial;
    std::int64_t channels;
    int taps, slices;
    float* dweight;
    float* dbias;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t n = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    const std::int64_t each = a.channels * (a.taps + 1);
    if (n >= each) return;
    float sum = 0;
    for (int s = 0; s < a.slices; ++s) sum += load(a.partial + s * each + n);
    const std::int64_t channel = n / (a.taps + 1);
    const int tap = static_cast<int>(n - channel * (a.taps + 1));
    if (tap == a.taps) {
      if (a.dbias != nullptr) store(a.dbias + channel, sum);
    } else if (a.dweight != nullptr) {
      store(a.dweight + channel * a.taps + tap, sum);
    }
  }
};

struct Slices {
  std::int64_t tiles, tiles_each;
  int count;
};
Slices slices_of(const ShortConvShape& s, const Tiles& t) {
  const std::int64_t tiles = s.batch * t.tiles_of_item();
  const std::int64_t wanted =
      std::clamp<std::int64_t>(kBlocksWanted / t.groups, 1, std::max<std::int64_t>(1, tiles));
  const std::int64_t each = std::max<std::int64_t>(1, (tiles + wanted - 1) / wanted);
  return {tiles, each, static_cast<int>((tiles + each - 1) / each)};
}

int taps_of(const ShortConvShape& s) {
  return static_cast<int>(s.kernel_height * s.kernel_width);
}

}  // namespace

std::size_t gradient_workspace(const ShortConvShape& s) {
  std::int64_t slices = 0;
  for (const bool last : {false, true}) {
    slices = std::max<std::int64_t>(slices, slices_of(s, tiles_for(s, last, false, true)).count);
  }
  return static_cast<std::size_t>(slices * s.channels * (taps_of(s) + 1)) * sizeof(float);
}

void weight_gradient(const ShortConvShape& s, bool channels_last, const ConstShortSignal& x,
                     const ConstShortSignal& dy, float* dweight, float* dbias, void* workspace,
                     Stream stream) {
  const Tiles tiles = tiles_for(s, channels_last, false, true);
  const Slices slices = slices_of(s, tiles);
  const int taps = taps_of(s);
  const std::size_t of_warps = (kSums + 1) * kBlock * sizeof(float);
  auto* partial = static_cast<float*>(workspace);
  with_type(s.type, [&](auto type) {
    using T = decltype(type);
    launch<PartialSums<T>>({tiles, strided<T>(x), strided<T>(dy), partial,
                            static_cast<int>(slices.tiles), static_cast<int>(slices.tiles_each)},
                           static_cast<std::int64_t>(slices.count) * tiles.groups,
                           (taps + kSums - 1) / kSums, std::max(tiles.tile_bytes(), of_warps),
                           stream);
  });
  launch<SumSlices>({partial, s.channels, taps, slices.count, dweight, dbias},
                    (s.channels * (taps + 1) + SumSlices::kThreads - 1) / SumSlices::kThreads, 1, 0,
                    stream);
}

}  // namespace hyena::kernels::cuda::short_conv
