#include "kernels/cuda/cufft_callbacks.cuh"
#include "kernels/cuda/cufft_passes.h"
#include "kernels/cuda/launch.h"

namespace hyena::kernels::cuda::cufft {
namespace {

constexpr int kBlock = 256, kEach = 4;  // elements of one row that a thread works on

/// Where block and thread are in `rows` rows of `count` elements each.
struct Tile {
  std::int64_t row;
  int first;
  HYENA_DEVICE static Tile here(std::int64_t count) {
    const auto tiles = static_cast<int>((count + kBlock * kEach - 1) / (kBlock * kEach));
    const int row = block_index() / tiles;
    return {row, (block_index() - row * tiles) * kBlock * kEach + thread_index()};
  }
  static std::int64_t blocks(std::int64_t rows, std::int64_t count) {
    return rows * ((count + kBlock * kEach - 1) / (kBlock * kEach));
  }
};

template <class T>
struct LoadSignals {
  static constexpr int kThreads = kBlock, kMinBlocks = 1;
  struct Args {
    PassArgs<T> pass;
    float* buffer;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const int count = static_cast<int>(2 * a.pass.grid.spectrum);
    const Tile tile = Tile::here(count);
    const RowAt row = row_at(a.pass.rows, tile.row);
    HYENA_UNROLL
    for (int e = 0; e < kEach; ++e) {
      const int place = tile.first + e * kBlock;
      if (place >= count) return;
      const GridPlace p = grid_place(a.pass.grid, place);
      store(a.buffer + tile.row * count + place, load_element(a.pass, row, p.i, p.j));
    }
  }
};

template <class T>
struct StoreResults {
  static constexpr int kThreads = kBlock, kMinBlocks = 1;
  struct Args {
    PassArgs<T> pass;
    const float* buffer;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const PaddedGrid& grid = a.pass.grid;
    const int count = grid.height * grid.width;
    const Tile tile = Tile::here(count);
    const RowAt row = row_at(a.pass.rows, tile.row);
    const float* buffer = a.buffer + tile.row * 2 * grid.spectrum;
    HYENA_UNROLL
    for (int e = 0; e < kEach; ++e) {
      const int t = tile.first + e * kBlock;
      if (t >= count) return;
      const int i = t / grid.width, j = t - i * grid.width;
      store_element(a.pass, row, i, j,
                    load(buffer + static_cast<std::int64_t>(i) * grid.pitch + j));
    }
  }
};

struct Multiply {
  static constexpr int kThreads = kBlock, kMinBlocks = 1;
  struct Args {
    std::int64_t spectrum;
    RowRange rows;
    const float2* filter;
    float2* buffer;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const Tile tile = Tile::here(a.spectrum);
    const float2* filter = a.filter + row_at(a.rows, tile.row).channel * a.spectrum;
    float2* buffer = a.buffer + tile.row * a.spectrum;
    HYENA_UNROLL
    for (int e = 0; e < kEach; ++e) {
      const int f = tile.first + e * kBlock;
      if (f >= a.spectrum) return;
      store(buffer + f, multiply(load(buffer + f), load(filter + f)));
    }
  }
};

/// One thread a frequency of a channel, over the items in order.
struct BackwardSpectra {
  static constexpr int kThreads = kBlock, kMinBlocks = 1;
  struct Args {
    std::int64_t spectrum;
    RowRange rows;
    std::int64_t pass_rows;
    const float2* filter;
    float2* u;
    float2* g;
    float2* dh;
    bool outputs;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const Tile tile = Tile::here(a.spectrum);
    const std::int64_t channel = tile.row;
    // The first row of this channel in the pass.
    const std::int64_t behind = channel - a.rows.first % a.rows.channels;
    const std::int64_t first = behind < 0 ? behind + a.rows.channels : behind;
    if (first >= a.pass_rows) return;
    for (int e = 0; e < kEach; ++e) {
      const int f = tile.first + e * kBlock;
      if (f >= a.spectrum) return;
      const float2 h = load(a.filter + channel * a.spectrum + f);
      float2 sum = make_float2(0, 0);
      if (a.dh != nullptr && a.rows.first + first >= a.rows.channels) {
        sum = load(a.dh + channel * a.spectrum + f);
      }
      for (std::int64_t r = first; r < a.pass_rows; r += a.rows.channels) {
        const std::int64_t at = r * a.spectrum + f;
        const float2 u = load(a.u + at), g = load(a.g + at);
        if (a.outputs) store(a.u + at, multiply(u, h));
        store(a.g + at, multiply_conjugate(g, h));
        const float2 product = multiply_conjugate(g, u);
        sum = make_float2(sum.x + product.x, sum.y + product.y);
      }
      if (a.dh != nullptr) store(a.dh + channel * a.spectrum + f, sum);
    }
  }
};

/// Between dense taps and padded grids, along lags.
struct LagsAndGrid {
  std::int64_t height, width, first_row, first_column;
  PaddedGrid grid;
  float scale;
};
LagsAndGrid lags_and_grid(const Lags& lags, const PaddedGrid& grid) {
  const double points = static_cast<double>(grid.padded_height) * grid.padded_width;
  return {lags.height,       lags.width, lags.first_row,
          lags.first_column, grid,       static_cast<float>(1 / points)};
}

struct PadTaps {
  static constexpr int kThreads = kBlock, kMinBlocks = 1;
  struct Args {
    LagsAndGrid sizes;
    const float* dense;
    float* grids;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const LagsAndGrid& s = a.sizes;
    const int count = static_cast<int>(2 * s.grid.spectrum);
    const Tile tile = Tile::here(count);
    for (int e = 0; e < kEach; ++e) {
      const int place = tile.first + e * kBlock;
      if (place >= count) return;
      const GridPlace p = grid_place(s.grid, place);
      // Lags below zero come from behind.
      std::int64_t row = p.i - s.first_row, column = p.j - s.first_column;
      if (row >= s.grid.padded_height) row -= s.grid.padded_height;
      if (column >= s.grid.padded_width) column -= s.grid.padded_width;
      const bool there = p.j < s.grid.padded_width && row < s.height && column < s.width;
      store(
          a.grids + tile.row * count + place,
          there ? s.scale * load(a.dense + (tile.row * s.height + row) * s.width + column) : 0.0F);
    }
  }
};

struct TakeLags {
  static constexpr int kThreads = kBlock, kMinBlocks = 1;
  struct Args {
    LagsAndGrid sizes;
    const float* grids;
    float* dense;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const LagsAndGrid& s = a.sizes;
    const std::int64_t count = s.height * s.width;
    const Tile tile = Tile::here(count);
    for (int e = 0; e < kEach; ++e) {
      const int n = tile.first + e * kBlock;
      if (n >= count) return;
      std::int64_t i = n / s.width + s.first_row, j = n % s.width + s.first_column;
      if (i < 0) i += s.grid.padded_height;
      if (j < 0) j += s.grid.padded_width;
      store(a.dense + tile.row * count + n,
            s.scale * load(a.grids + tile.row * 2 * s.grid.spectrum + i * s.grid.pitch + j));
    }
  }
};

struct WriteArgs {
  static constexpr int kThreads = 32, kMinBlocks = 1;
  static constexpr int kParts = static_cast<int>(kCallbackBytes) / 16;
  struct Args {
    Pack<unsigned, 4> parts[kParts];
    Pack<unsigned, 4>* to;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const int i = thread_index();
    if (i < kParts) store(a.to + i, a.parts[i]);
  }
};

RowRange rows_of(const Pass& p) {
  return {p.first_row, p.all_rows, p.channels};
}

template <class T>
PassArgs<T> args_of(const Pass& p) {
  return {{signal<T>(p.in[0]), signal<T>(p.in[1])},
          {signal<T>(p.out[0]), signal<T>(p.out[1])},
          {signal<T>(p.gate[0]), signal<T>(p.gate[1])},
          p.grid,
          rows_of(p),
          static_cast<const float2*>(p.filter)};
}

}  // namespace

void load_signals(const Pass& p, Stream stream) {
  with_type(p.type, [&](auto type) {
    using T = decltype(type);
    launch<LoadSignals<T>>({args_of<T>(p), static_cast<float*>(p.buffer)},
                           Tile::blocks(p.rows, 2 * p.grid.spectrum), 1, 0, stream);
  });
}

void multiply_spectra(const Pass& p, Stream stream) {
  launch<Multiply>({p.grid.spectrum, rows_of(p), static_cast<const float2*>(p.filter),
                    static_cast<float2*>(p.buffer)},
                   Tile::blocks(p.rows, p.grid.spectrum), 1, 0, stream);
}

void store_results(const Pass& p, Stream stream) {
  with_type(p.type, [&](auto type) {
    using T = decltype(type);
    const std::int64_t length = static_cast<std::int64_t>(p.grid.height) * p.grid.width;
    launch<StoreResults<T>>({args_of<T>(p), static_cast<const float*>(p.buffer)},
                            Tile::blocks(p.rows, length), 1, 0, stream);
  });
}

void write_callback_args(const Pass& p, Stream stream) {
  WriteArgs::Args args{};
  with_type(p.type, [&](auto type) {
    const PassArgs<decltype(type)> pass = args_of<decltype(type)>(p);
    std::memcpy(&args.parts, &pass, sizeof(pass));
  });
  args.to = reinterpret_cast<Pack<unsigned, 4>*>(static_cast<char*>(p.buffer) - kCallbackBytes);
  launch<WriteArgs>(args, 1, 1, 0, stream);
}

void backward_spectra(const Pass& u, const Pass& g, bool outputs, void* dh, Stream stream) {
  launch<BackwardSpectra>({u.grid.spectrum, rows_of(u), u.rows,
                           static_cast<const float2*>(u.filter), static_cast<float2*>(u.buffer),
                           static_cast<float2*>(g.buffer), static_cast<float2*>(dh), outputs},
                          Tile::blocks(u.channels, u.grid.spectrum), 1, 0, stream);
}

void pad_taps(const PaddedGrid& grid, const Lags& lags, std::int64_t channels, const float* dense,
              void* grids, Stream stream) {
  launch<PadTaps>({lags_and_grid(lags, grid), dense, static_cast<float*>(grids)},
                  Tile::blocks(channels, 2 * grid.spectrum), 1, 0, stream);
}

void take_lags(const PaddedGrid& grid, const Lags& lags, std::int64_t channels, const void* grids,
               float* dense, Stream stream) {
  launch<TakeLags>({lags_and_grid(lags, grid), static_cast<const float*>(grids), dense},
                   Tile::blocks(channels, lags.count()), 1, 0, stream);
}

void clear(void* memory, std::size_t bytes, Stream stream) {
  zero_fill(memory, bytes, stream);
}

}  // namespace hyena::kernels::cuda::cufft
