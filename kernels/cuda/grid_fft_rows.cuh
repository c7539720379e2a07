#pragma once

#include "kernels/cuda/gates.cuh"
#include "kernels/cuda/grid_fft_plan.h"
#include "kernels/cuda/lag_rows.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/line_transform.cuh"

/// Rows of grids: a warp reads and writes along a row, all transform 2^row_shift rows together.
namespace hyena::kernels::cuda::grid_fft {

/// The rows of one launch: row i of spectrum s is the pairs from s · stride + i · length.
struct RowPlace {
  LinePlan line;
  int shift;
  const float2 *ring, *table;
  std::int64_t spectra, rows, stride;
  std::int64_t width;  ///< from one row to the next in what is read or written beside the spectra

  HYENA_DEVICE Tile tile() const { return {shared_memory<float2>(), shift}; }

  /// f(line of the tile, spectrum, row) for the lines of this warp.
  template <int Threads, class F>
  HYENA_DEVICE void each_line(F&& f) const {
    HYENA_KEEP_LOOP
    for (int c = warp_index(); c < 1 << shift; c += Threads / 32) {
      const std::int64_t at = (static_cast<std::int64_t>(block_index()) << shift) + c;
      if (at < spectra * rows) f(c, at / rows, at % rows);
    }
  }
  HYENA_DEVICE std::int64_t offset(std::int64_t s, std::int64_t row) const {
    return s * stride + row * line.length;
  }
  std::int64_t blocks() const { return (spectra * rows + (1 << shift) - 1) >> shift; }
  std::size_t shared_bytes() const {
    return (static_cast<std::size_t>(line.length) * 2 * sizeof(float)) << shift;
  }
};

inline RowPlace row_place(const Context& c, std::int64_t spectra, std::int64_t rows,
                          std::int64_t stride, std::int64_t width) {
  const auto* ring = reinterpret_cast<const float2*>(c.table);
  return {c.plan.row, c.plan.row_shift, ring, ring + c.plan.row.length, spectra,
          rows,       stride,           width};
}
inline RowPlace signal_place(const Context& c, const Group& group) {
  return row_place(c, group.count(), c.plan.height, c.plan.rows_size(), c.plan.width);
}
inline RowPlace filter_place(const Context& c, std::int64_t channels) {
  return row_place(c, channels, c.plan.lag_rows(), c.plan.size(), c.plan.lags());
}

/// LagTaps or LagGradients of the plan's filters.
template <class Lagged, class Float>
Lagged filter_rows(const Context& c, Float* dense) {
  const Plan& p = c.plan;
  return {dense,        p.lag_rows() * p.lags(),         p.width - p.lags(), p.width,
          p.row.length, 1 / static_cast<float>(p.size())};
}

template <class Source>
struct LoadRows {
  static constexpr int kThreads = 256, kMinBlocks = 2;
  struct Args {
    Source source;
    RowPlace place;
    float2* spectra;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const Tile tile = a.place.tile();
    const int length = a.place.line.length;
    // Lines that no row is on are transformed as they are: zeros, for nobody.
    HYENA_KEEP_LOOP
    for (int c = warp_index(); c < tile.lines(); c += kThreads / 32) {
      const std::int64_t at = (static_cast<std::int64_t>(block_index()) << tile.shift) + c;
      const bool there = at < a.place.spectra * a.place.rows;
      const typename Source::Row row = a.source.row(there ? at / a.place.rows : 0,
                                                    there ? at % a.place.rows * a.place.width : 0);
      HYENA_KEEP_LOOP
      for (int n = lane_index(); n < length; n += 32) {
        const float2 u = there ? row.at(n) : make_float2(0, 0);
        store(tile.at(n, c), multiply(u, load(a.place.ring + n)));
      }
    }
    transform_lines<kThreads>(tile, a.place.line, a.place.table);
    a.place.template each_line<kThreads>([&](int c, std::int64_t s, std::int64_t i) {
      float2* out = a.spectra + a.place.offset(s, i);
      HYENA_KEEP_LOOP
      for (int n = lane_index(); n < length; n += 32) store(out + n, load(tile.at(n, c)));
    });
  }
};

template <class Sink>
struct StoreRows {
  static constexpr int kThreads = 256, kMinBlocks = 2;
  struct Args {
    Sink sink;
    RowPlace place;
    const float2* spectra;
    Wrap wrap;
    int positions;  ///< W
  };

  static HYENA_DEVICE void run(const Args& a) {
    const Tile tile = a.place.tile();
    const int length = a.place.line.length, W = a.positions;
    HYENA_KEEP_LOOP
    for (int c = warp_index(); c < tile.lines(); c += kThreads / 32) {
      const std::int64_t at = (static_cast<std::int64_t>(block_index()) << tile.shift) + c;
      const bool there = at < a.place.spectra * a.place.rows;
      const float2* in =
          a.spectra + (there ? a.place.offset(at / a.place.rows, at % a.place.rows) : 0);
      HYENA_KEEP_LOOP
      for (int n = lane_index(); n < length; n += 32) {
        store(tile.at(n, c), there ? swapped(load(in + n)) : make_float2(0, 0));
      }
    }
    transform_lines_back<kThreads>(tile, a.place.line, a.place.table);
    a.place.template each_line<kThreads>([&](int c, std::int64_t s, std::int64_t i) {
      const typename Sink::Row row = a.sink.row(s, i * a.place.width);
      const auto number = [&](int n) {
        return swapped(multiply(load(tile.at(n, c)), load(a.place.ring + n)));
      };
      const int end = Sink::kReal || a.wrap != Wrap::kNone ? W : length;
      HYENA_KEEP_LOOP
      for (int n = lane_index(); n < end; n += 32) {
        float2 x = number(n);
        if (a.wrap == Wrap::kEnd) {
          x.x += n + W < length ? number(n + W).x : -number(n + W - length).y;
        } else if (a.wrap == Wrap::kStart) {
          x.x += number(n + length - W).y;
        }
        row.put(n, x);
      }
    });
  }
};

}  // namespace hyena::kernels::cuda::grid_fft
