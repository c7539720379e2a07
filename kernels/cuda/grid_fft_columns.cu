#include "kernels/cuda/grid_fft_columns.cuh"

namespace hyena::kernels::cuda::grid_fft {
namespace {

struct ConvolveColumns {
  static constexpr int kThreads = 256, kMinBlocks = 2;
  struct Args {
    ColumnPlace place;
    float2* spectra;
    const float2* filter;
    int items;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const ColumnPlace& place = a.place;
    const Tile tile = place.tile(0);
    const std::int64_t W = place.width;
    float2* rows = a.spectra + place.spectrum() * place.height * W;
    const float2* h = a.filter + place.spectrum() / a.items * place.line.length * W;
    place.read<kThreads>(tile, rows);
    transform_lines<kThreads>(tile, place.line, place.table);
    place.each<kThreads>(place.line.length, [&](int n, int c, std::int64_t at) {
      if (at < 0) return;
      float2* x = tile.at(n, c);
      store(x, swapped(multiply(load(x), load(h + at))));
    });
    transform_lines_back<kThreads>(tile, place.line, place.table);
    place.write<kThreads>(tile, rows, Wrap::kEnd);
  }
};

/// Rows of lags and spectra of filters, in place.
struct FilterColumns {
  static constexpr int kThreads = 256, kMinBlocks = 2;
  struct Args {
    ColumnPlace place;
    float2* spectra;
    bool circular, back;
  };

  /// The row of lag i − height + 1; on a circular grid of lag i.
  static HYENA_DEVICE int position(const Args& a, int i) {
    const int lag = a.circular ? i : i - a.place.height + 1;
    return lag < 0 ? lag + a.place.line.length : lag;
  }

  static HYENA_DEVICE void run(const Args& a) {
    const ColumnPlace& place = a.place;
    const Tile tile = place.tile(0);
    const int lag_rows = a.circular ? place.height : 2 * place.height - 1;
    float2* rows = a.spectra + place.spectrum() * place.line.length * place.width;
    if (a.back) {
      place.each<kThreads>(place.line.length, [&](int n, int c, std::int64_t at) {
        store(tile.at(n, c), at >= 0 ? swapped(load(rows + at)) : make_float2(0, 0));
      });
      transform_lines_back<kThreads>(tile, place.line, place.table);
      place.each<kThreads>(lag_rows, [&](int i, int c, std::int64_t at) {
        if (at >= 0) store(rows + at, place.result(tile, position(a, i), c, Wrap::kStart));
      });
      return;
    }
    // Positions between the last lag and the first one backwards hold no lag.
    place.each<kThreads>(place.line.length, [&](int i, int c, std::int64_t at) {
      const int n = i < lag_rows ? position(a, i) : i - lag_rows + place.height;
      store(tile.at(n, c), i < lag_rows && at >= 0 ? load(rows + at) : make_float2(0, 0));
    });
    transform_lines<kThreads>(tile, place.line, place.table);
    place.each<kThreads>(place.line.length, [&](int n, int c, std::int64_t at) {
      if (at >= 0) store(rows + at, load(tile.at(n, c)));
    });
  }
};

}  // namespace

void filter_columns(const Context& c, std::int64_t channels, float* spectra, bool back) {
  const ColumnPlace place = column_place(c);
  launch<FilterColumns>({place, reinterpret_cast<float2*>(spectra), c.plan.circular, back},
                        channels * place.tiles, 1, shared_bytes(place, 1), c.stream);
}

void convolve(const Context& c, const Group& group, float* spectra, const float* filter) {
  const ColumnPlace place = column_place(c);
  launch<ConvolveColumns>({place, reinterpret_cast<float2*>(spectra),
                           reinterpret_cast<const float2*>(filter), group.items},
                          group.count() * place.tiles, 1, shared_bytes(place, 1), c.stream);
}

}  // namespace hyena::kernels::cuda::grid_fft
