#pragma once

#include "kernels/cuda/grid_fft_plan.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/line_transform.cuh"

/// Columns of grids: a block transforms 2^shift neighbouring ones.
namespace hyena::kernels::cuda::grid_fft {

struct ColumnPlace {
  LinePlan line;
  int shift, tiles;  ///< tiles: of a spectrum
  const float2* table;
  int width;   ///< W', pairs of a row
  int height;  ///< H
  bool fold;

  HYENA_DEVICE Tile tile(int which) const {
    return {shared_memory<float2>() + which * (line.length << shift), shift};
  }
  HYENA_DEVICE std::int64_t spectrum() const { return block_index() / tiles; }

  /// f(n, line of the tile, offset of the pair in rows of W') for n < count.
  template <int Threads, class F>
  HYENA_DEVICE void each(int count, F&& f) const {
    const int first = block_index() % tiles << shift;
    HYENA_KEEP_LOOP
    for (int item = thread_index(); item < count << shift; item += Threads) {
      const int n = item >> shift, c = item & ((1 << shift) - 1);
      f(n, c, first + c < width ? static_cast<std::int64_t>(n) * width + first + c : -1);
    }
  }

  /// Rows of a signal into a tile, zeros below.
  template <int Threads>
  HYENA_DEVICE void read(const Tile& tile, const float2* rows) const {
    each<Threads>(line.length, [&](int n, int c, std::int64_t at) {
      store(tile.at(n, c), n < height && at >= 0 ? load(rows + at) : make_float2(0, 0));
    });
  }
  /// Number n of swapped numbers transformed back, with what wrapped to it.
  HYENA_DEVICE float2 result(const Tile& tile, int n, int c, Wrap wrap) const {
    float2 x = load(tile.at(n, c));
    if (fold && wrap == Wrap::kEnd && n + height < line.length) {
      x = add(x, load(tile.at(n + height, c)));
    } else if (fold && wrap == Wrap::kStart && n > 0) {
      x = add(x, load(tile.at(n + line.length - height, c)));
    }
    return swapped(x);
  }
  template <int Threads>
  HYENA_DEVICE void write(const Tile& tile, float2* rows, Wrap wrap) const {
    each<Threads>(height, [&](int n, int c, std::int64_t at) {
      if (at >= 0) store(rows + at, result(tile, n, c, wrap));
    });
  }
};

inline ColumnPlace column_place(const Context& c) {
  const Plan& p = c.plan;
  return {p.column,
          p.column_shift,
          (p.row.length + (1 << p.column_shift) - 1) >> p.column_shift,
          reinterpret_cast<const float2*>(c.table) + p.row.length + p.row.pairs,
          p.row.length,
          p.height,
          p.fold()};
}
inline std::size_t shared_bytes(const ColumnPlace& place, int tiles) {
  return (static_cast<std::size_t>(place.line.length * tiles) * 2 * sizeof(float)) << place.shift;
}

}  // namespace hyena::kernels::cuda::grid_fft
