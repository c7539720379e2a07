#pragma once

#include "kernels/cuda/elements.h"
#include "kernels/cuda/four_step_plan.h"
#include "kernels/cuda/lag_rows.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/small_dft.cuh"

/// Columns of the four-step transform: a block holds 16 neighbouring columns, 16 · R numbers each,
/// in shared memory as [n1][column]: no two lanes of half a warp meet in a bank.
namespace hyena::kernels::cuda::four_step {

constexpr int kTile = 16;

/// Where a block and its threads stand. Step 1 joins n1 = 16·a + o, step 2 one κ.
template <int R>
struct ColumnPlace {
  const float2 *column, *twist, *powers;
  int columns;  ///< B

  HYENA_DEVICE int tiles() const { return columns / kTile; }
  HYENA_DEVICE std::int64_t spectrum() const { return block_index() / tiles(); }
  HYENA_DEVICE int n2() const { return block_index() % tiles() * kTile + thread_index() % kTile; }
  HYENA_DEVICE static int part() { return thread_index() / kTile; }
  HYENA_DEVICE std::int64_t size() const { return static_cast<std::int64_t>(16 * R) * columns; }

  /// f(λ, e^(−2πi n2(κ+Rλ+¼)/M)) for λ = 0 … 15.
  template <class F>
  HYENA_DEVICE void twists(int k, F&& f) const {
    const float2* power = powers + n2();
    const float2 first = load(twist + static_cast<std::int64_t>(k) * columns + n2());
    float2 fine[3];
    for_each<3>(
        [&](auto i) { fine[decltype(i)::value] = load(power + decltype(i)::value * columns); });
    for_each<4>([&](auto i) {
      constexpr int a = decltype(i)::value;
      float2 coarse = first;
      if constexpr (a > 0) coarse = multiply(first, load(power + (2 + a) * columns));
      f(Index<4 * a>(), coarse);
      for_each<3>([&](auto m) {
        constexpr int b = decltype(m)::value;
        f(Index<4 * a + b + 1>(), multiply(coarse, fine[b]));
      });
    });
  }
};

inline std::size_t column_shared_bytes(int radix) {
  return static_cast<std::size_t>(16 * radix * kTile) * 2 * sizeof(float);
}

template <int R>
ColumnPlace<R> column_place(const Context& c) {
  const Table t = table_of(c.plan);
  const auto* table = reinterpret_cast<const float2*>(c.table);
  return {table + t.column, table + t.twist, table + t.powers, c.plan.columns};
}

/// f(Index<R>()) for the plan's radix.
template <class F>
void with_radix(int radix, F&& f) {
  switch (radix) {
    case 8:
      return f(Index<8>());
    case 10:
      return f(Index<10>());
    case 12:
      return f(Index<12>());
    case 14:
      return f(Index<14>());
    default:
      return f(Index<16>());
  }
}

/// Source: kReal; bind(spectrum) and then at(n), the number at position n, 0 where there is none.
template <class Source, int R>
struct LoadColumns {
  static constexpr int kThreads = 256, kMinBlocks = 3;
  struct Args {
    Source source;
    ColumnPlace<R> place;
    float2* spectra;
  };

  static HYENA_DEVICE void run(const Args& args) {
    const ColumnPlace<R>& place = args.place;
    float2* tile = shared_memory<float2>();
    const int column = thread_index() % kTile, part = place.part();
    {
      typename Source::Row row = args.source.row(place.spectrum());
      const std::int64_t step = static_cast<std::int64_t>(16) * place.columns;
      const std::int64_t first = static_cast<std::int64_t>(part) * place.columns + place.n2();
      float2 x[R];
      for_each<R>([&](auto i) {
        constexpr int a = decltype(i)::value;
        using W = Root<a, 4 * R>;
        const float2 u = row.at(first + a * step);
        if constexpr (Source::kReal) {
          x[a] = make_float2(u.x * W::re, u.x * W::im);
        } else {
          x[a] = turned<a, 4 * R>(u);
        }
      });
      Dft<R>::run(x);
      for_each<R>([&](auto i) {
        constexpr int k = decltype(i)::value;
        const float2 w = load(place.column + k * 16 + part);
        store(tile + (k * 16 + part) * kTile + column, multiply(x[k], w));
      });
    }
    barrier();
    if (part >= R) return;
    float2 x[16];
    for_each<16>([&](auto i) {
      constexpr int o = decltype(i)::value;
      x[o] = load(tile + (part * 16 + o) * kTile + column);
    });
    Dft<16>::run(x);
    float2* out = args.spectra + place.spectrum() * place.size() +
                  static_cast<std::int64_t>(part) * 16 * place.columns + place.n2();
    place.twists(part, [&](auto i, float2 w) {
      constexpr int l = decltype(i)::value;
      store(out + static_cast<std::int64_t>(l) * place.columns, multiply(x[l], w));
    });
  }
};

/// Sink: kReal; row(spectrum) and then put(n, number).
template <class Sink, int R>
struct StoreColumns {
  static constexpr int kThreads = 256, kMinBlocks = 3;
  struct Args {
    Sink sink;
    ColumnPlace<R> place;
    const float2* spectra;
  };

  static HYENA_DEVICE void run(const Args& args) {
    const ColumnPlace<R>& place = args.place;
    float2* tile = shared_memory<float2>();
    const int column = thread_index() % kTile, part = place.part();
    if (part < R) {
      const float2* in = args.spectra + place.spectrum() * place.size() +
                         static_cast<std::int64_t>(part) * 16 * place.columns + place.n2();
      float2 x[16];
      for_each<16>([&](auto i) {
        constexpr int l = decltype(i)::value;
        // Swapped: what follows is then the inverse, with the same constants.
        x[l] = swapped(load(in + static_cast<std::int64_t>(l) * place.columns));
      });
      place.twists(part, [&](auto i, float2 w) {
        constexpr int l = decltype(i)::value;
        x[l] = multiply(x[l], w);
      });
      Dft<16>::run(x);
      for_each<16>([&](auto i) {
        constexpr int o = decltype(i)::value;
        const float2 w = load(place.column + part * 16 + o);
        store(tile + (part * 16 + o) * kTile + column, multiply(x[o], w));
      });
    }
    barrier();
    float2 x[R];
    for_each<R>([&](auto i) {
      constexpr int k = decltype(i)::value;
      x[k] = load(tile + (k * 16 + part) * kTile + column);
    });
    Dft<R>::run(x);
    typename Sink::Row row = args.sink.row(place.spectrum());
    const std::int64_t step = static_cast<std::int64_t>(16) * place.columns;
    const std::int64_t first = static_cast<std::int64_t>(part) * place.columns + place.n2();
    for_each<R>([&](auto i) {
      constexpr int a = decltype(i)::value;
      using W = Root<a, 4 * R>;
      if constexpr (Sink::kReal) {
        row.put(first + a * step, make_float2(fma(x[a].x, W::im, x[a].y * W::re), 0));
      } else {
        row.put(first + a * step, swapped(turned<a, 4 * R>(x[a])));
      }
    });
  }
};

/// LagTaps or LagGradients of the context's filters.
template <class Lagged, class Float>
Lagged filter_rows(const Context& c, Float* dense) {
  return {dense,    c.length - c.first_lag, c.first_lag,
          c.length, c.plan.size(),          1 / static_cast<float>(c.plan.size())};
}

}  // namespace hyena::kernels::cuda::four_step
