// Short filters between a caller's tensors and tiles of one or several vectors of channels.
// Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_SHORT_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_SHORT_TILE_INL_H_
#undef HYENA_KERNELS_CPU_SHORT_TILE_INL_H_
#else
#define HYENA_KERNELS_CPU_SHORT_TILE_INL_H_
#endif

#include <algorithm>

#include <hwy/cache_control.h>

#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/short_tile.h"
#include "kernels/hyena_conv.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

template <int KH, int KW>
struct KnownTaps {
  static constexpr int kHeight = KH, kWidth = KW;
};

template <class T>
struct ShortBlock {
  std::int64_t i0, i1, j0, j1;  ///< positions [i0, i1) x [j0, j1)
};

template <class T, class F>
HWY_INLINE void EachBlock(const ShortTileJob<T>& job, F&& f) {
  for (std::int64_t i = 0; i < job.height; i += job.block_rows()) {
    for (std::int64_t j = 0; j < job.width; j += job.block_columns()) {
      f(ShortBlock<T>{i, std::min(job.height, i + job.block_rows()), j,
                      std::min(job.width, j + job.block_columns())});
    }
  }
}

template <class T>
HWY_INLINE std::int64_t TileOffset(const ShortTileJob<T>& job, std::int64_t i, std::int64_t j) {
  return (i * job.padded + j) * job.tile_stride;
}

/// load(i, j), one vector, for a block with the taps' reach: from `top` rows above it and `left`
/// columns before it, zeros outside the grid.
template <class T, class F>
HWY_INLINE void Gather(const ShortTileJob<T>& job, const ShortBlock<T>& b, std::int64_t top,
                       std::int64_t left, T* HWY_RESTRICT out, F&& load) {
  const Tag<T> d;
  const std::int64_t columns = b.j1 - b.j0 + job.kernel_width - 1, from = b.j0 - left;
  const std::int64_t first = std::clamp<std::int64_t>(-from, 0, columns);
  const std::int64_t last = std::clamp<std::int64_t>(job.width - from, first, columns);
  for (std::int64_t i = b.i0 - top; i < b.i1 - top + job.kernel_height - 1; ++i) {
    const bool inside = i >= 0 && i < job.height;
    const std::int64_t begin = inside ? first : columns, end = inside ? last : columns;
    for (std::int64_t j = 0; j < begin; ++j) hn::Store(hn::Zero(d), d, out + j * Lanes<T>());
    for (std::int64_t j = begin; j < end; ++j)
      hn::Store(load(i, from + j), d, out + j * Lanes<T>());
    for (std::int64_t j = end; j < columns; ++j) hn::Store(hn::Zero(d), d, out + j * Lanes<T>());
    out += job.reach_columns() * Lanes<T>();
  }
}

/// term(tap, offset of its vector) for the taps of a kernel over a gathered block; KH x KW of them,
/// 0: any number.
template <int KH, int KW, class T, class F>
HWY_INLINE void EachTap(const ShortTileJob<T>& job, F&& term) {
  const std::int64_t row = job.reach_columns() * Lanes<T>();
  if constexpr (KH > 0) {
    Each<KH>([&](auto a) HYENA_INLINE_LAMBDA {
      Each<KW>([&](auto e) HYENA_INLINE_LAMBDA {
        constexpr int A = decltype(a)::value, E = decltype(e)::value;
        term(std::int64_t{A * KW + E}, A * row + E * Lanes<T>());
      });
    });
  } else {
    for (std::int64_t a = 0; a < job.kernel_height; ++a) {
      for (std::int64_t e = 0; e < job.kernel_width; ++e) {
        term(a * job.kernel_width + e, a * row + e * Lanes<T>());
      }
    }
  }
}

constexpr int kMostShort = kMostShortTaps * kMostShortTaps;

/// The taps of one vector of channels, in registers where there are few.
template <int KH, int KW, class T>
struct ShortWeights {
  Vector<T> values[KH > 0 ? KH* KW : kMostShort];
  HWY_INLINE ShortWeights(const ShortTileJob<T>& job, std::int64_t c, bool turned) {
    const std::int64_t taps = job.kernel_height * job.kernel_width;
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      values[turned ? taps - 1 - tap : tap] =
          hn::LoadU(Tag<T>(), job.weight + tap * job.weight_stride + c);
    }
  }
};

/// f(i, j, s) for every position of a block gathered in `x`.
template <int KH, int KW, class T, class F>
HWY_INLINE void FilterBlock(const ShortTileJob<T>& job, const ShortBlock<T>& b, const T* x,
                            const ShortWeights<KH, KW, T>& weights, Vector<T> start, F&& f) {
  const Tag<T> d;
  for (std::int64_t i = b.i0; i < b.i1; ++i, x += job.reach_columns() * Lanes<T>()) {
    for (std::int64_t j = b.j0; j < b.j1; ++j) {
      const T* from = x + (j - b.j0) * Lanes<T>();
      Vector<T> sums[2] = {start, hn::Zero(d)};  // two chains: each waits for its last sum
      EachTap<KH, KW>(job, [&](std::int64_t tap, std::int64_t offset) HYENA_INLINE_LAMBDA {
        auto& sum = sums[KH > 0 ? tap % 2 : 0];
        sum = hn::MulAdd(hn::Load(d, from + offset), weights.values[tap], sum);
      });
      f(i, j, hn::Add(sums[0], sums[1]));
    }
  }
}

/// Asks ahead of time for position (i, j) of rows that lie pages apart, where the processor
/// foresees nothing.
template <class IO, class T>
HWY_INLINE void Fetch(const ShortTileJob<T>& job, const IO* rows, std::int64_t i, std::int64_t j) {
  if (rows != nullptr) hwy::Prefetch(rows + (i * job.width + j) * job.x_stride);
}

template <class IO, class T>
HWY_INLINE void GatherX(const ShortTileJob<T>& job, const ShortBlock<T>& b, std::int64_t c,
                        std::int64_t lanes, T* out) {
  const IO* x = static_cast<const IO*>(job.x) + c;
  Gather(job, b, job.centre_row, job.centre_column, out,
         [&](std::int64_t i, std::int64_t j) HYENA_INLINE_LAMBDA {
           return LoadRow<T>(x + (i * job.width + j) * job.x_stride, lanes);
         });
}

/// f(position, offset in the tile, first channel, channels, s) for every vector.
template <int KH, int KW, class T, class IO, class F>
HWY_INLINE void EachShort(const ShortTileJob<T>& job, F&& f) {
  const Tag<T> d;
  EachBlock(job, [&](const ShortBlock<T>& b) HYENA_INLINE_LAMBDA {
    for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
      const std::int64_t lanes = HWY_MIN(Lanes<T>(), job.channels - c);
      const IO* next = c + Lanes<T>() < job.channels
                           ? static_cast<const IO*>(job.x) + c + Lanes<T>()
                           : static_cast<const IO*>(job.ahead);
      GatherX<IO>(job, b, c, lanes, job.work);
      const ShortWeights<KH, KW, T> weights(job, c, false);
      const auto start = job.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, job.bias + c);
      FilterBlock(job, b, job.work, weights, start,
                  [&](std::int64_t i, std::int64_t j, Vector<T> s) HYENA_INLINE_LAMBDA {
                    Fetch(job, next, i, j);
                    f(i * job.width + j, TileOffset(job, i, j) + c, c, lanes, s);
                  });
    }
  });
}

/// With the size of the kernel and the type of the signal known.
template <class T, class F>
void WithTaps(const ShortTileJob<T>& job, F&& f) {
  const auto typed = [&](auto io) {
    if (job.kernel_height == 1 && job.kernel_width == 3) return f(KnownTaps<1, 3>(), io);
    if (job.kernel_height == 1 && job.kernel_width == 4) return f(KnownTaps<1, 4>(), io);
    if (job.kernel_height == 3 && job.kernel_width == 3) return f(KnownTaps<3, 3>(), io);
    if (job.kernel_height == 5 && job.kernel_width == 5) return f(KnownTaps<5, 5>(), io);
    f(KnownTaps<0, 0>(), io);
  };
  if constexpr (sizeof(T) == 8) {
    typed(double());
  } else {
    if (job.type == Type::kBFloat16) return typed(hwy::bfloat16_t());
    if (job.type == Type::kFloat16) return typed(hwy::float16_t());
    typed(float());
  }
}

template <class T>
void FillTile(const ShortTileJob<T>& job, T* HWY_RESTRICT tile) {
  WithTaps(job, [&](auto taps, auto io) {
    using IO = decltype(io);
    const auto* gate = static_cast<const IO*>(job.gate);
    EachShort<decltype(taps)::kHeight, decltype(taps)::kWidth, T, IO>(
        job, [&](std::int64_t t, std::int64_t at, std::int64_t c, std::int64_t lanes, auto s)
                 HYENA_INLINE_LAMBDA {
                   if (gate != nullptr) {
                     const IO* row = gate + t * job.gate_stride + c;
                     hwy::Prefetch(row + Lanes<T>());
                     s = hn::Mul(s, LoadRow<T>(row, lanes));
                   }
                   hn::Store(s, Tag<T>(), tile + at);
                 });
  });
}

template <class T>
void MultiplyTile(const ShortTileJob<T>& job, T* HWY_RESTRICT tile) {
  WithTaps(job, [&](auto taps, auto io) {
    EachShort<decltype(taps)::kHeight, decltype(taps)::kWidth, T, decltype(io)>(
        job,
        [&](std::int64_t, std::int64_t at, std::int64_t, std::int64_t, auto s) HYENA_INLINE_LAMBDA {
          const Tag<T> d;
          hn::Store(hn::Mul(s, hn::Load(d, tile + at)), d, tile + at);
        });
  });
}

template <class T>
void GateTile(const ShortTileJob<T>& job, const T* HWY_RESTRICT tile) {
  WithTaps(job, [&](auto taps, auto io) {
    using IO = decltype(io);
    auto* y = static_cast<IO*>(job.y);
    EachShort<decltype(taps)::kHeight, decltype(taps)::kWidth, T, IO>(
        job, [&](std::int64_t t, std::int64_t at, std::int64_t c, std::int64_t lanes,
                 auto s) HYENA_INLINE_LAMBDA {
          StoreRow<T>(hn::Mul(s, hn::Load(Tag<T>(), tile + at)), y + t * job.y_stride + c, lanes);
        });
  });
}

/// The gradient of the filter's output, where the tile holds that of gate ⊙ output.
template <class T, class IO>
void GateGradient(const ShortTileJob<T>& job, T* HWY_RESTRICT tile) {
  const Tag<T> d;
  const auto* gate = static_cast<const IO*>(job.gate);
  for (std::int64_t i = 0; i < job.height; ++i) {
    for (std::int64_t j = 0; j < job.width; ++j, gate += job.gate_stride) {
      for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
        T* p = tile + TileOffset(job, i, j) + c;
        const auto g = LoadRow<T>(gate + c, HWY_MIN(Lanes<T>(), job.channels - c));
        hn::Store(hn::Mul(hn::Load(d, p), g), d, p);
      }
    }
  }
}

/// A block of one vector of channels: gradient of x, and sums for weights and bias.
template <int KH, int KW, class T, class IO>
HWY_INLINE void BackwardBlock(const ShortTileJob<T>& job, const T* HWY_RESTRICT tile,
                              const ShortBlock<T>& b, std::int64_t c, T* dweight, T* dbias) {
  const Tag<T> d;
  const std::int64_t lanes = HWY_MIN(Lanes<T>(), job.channels - c);
  T* x = job.work;
  T* dy = x + job.reach() * Lanes<T>();
  IO* dx = static_cast<IO*>(job.y) + c;
  const std::int64_t top = job.kernel_height - 1 - job.centre_row;
  const std::int64_t left = job.kernel_width - 1 - job.centre_column;
  Gather(job, b, top, left, dy, [&](std::int64_t i, std::int64_t j) HYENA_INLINE_LAMBDA {
    return hn::Load(d, tile + TileOffset(job, i, j) + c);
  });
  // What tap (a, e) carried from here to there comes back through it: the taps turned around.
  FilterBlock(job, b, dy, ShortWeights<KH, KW, T>(job, c, true), hn::Zero(d),
              [&](std::int64_t i, std::int64_t j, Vector<T> s) HYENA_INLINE_LAMBDA {
                Fetch(job, static_cast<const IO*>(job.x) + c, i, j);
                StoreRow<T>(s, dx + (i * job.width + j) * job.y_stride, lanes);
              });

  GatherX<IO>(job, b, c, lanes, x);
  const std::int64_t taps = job.kernel_height * job.kernel_width;
  const std::int64_t row = job.reach_columns() * Lanes<T>();
  Vector<T> sums[KH > 0 ? KH * KW : kMostShort];
  for (std::int64_t tap = 0; tap < taps; ++tap) sums[tap] = hn::Zero(d);
  auto total = hn::Zero(d);
  dy += top * row + left * Lanes<T>();
  for (std::int64_t i = b.i0; i < b.i1; ++i, x += row, dy += row) {
    for (std::int64_t j = 0; j < b.j1 - b.j0; ++j) {
      const auto g = hn::Load(d, dy + j * Lanes<T>());
      const T* from = x + j * Lanes<T>();
      total = hn::Add(total, g);
      EachTap<KH, KW>(job, [&](std::int64_t tap, std::int64_t offset) HYENA_INLINE_LAMBDA {
        sums[tap] = hn::MulAdd(g, hn::Load(d, from + offset), sums[tap]);
      });
    }
  }
  const auto add = [&](Vector<T> sum, T* to)
                       HYENA_INLINE_LAMBDA { hn::StoreU(hn::Add(sum, hn::LoadU(d, to)), d, to); };
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    add(sums[tap], dweight + tap * job.weight_stride + c);
  }
  add(total, dbias + c);
}

template <class T>
void BackwardTile(const ShortTileJob<T>& job, T* tile, T* dweight, T* dbias) {
  WithTaps(job, [&](auto taps, auto io) {
    using IO = decltype(io);
    if (job.gate != nullptr) GateGradient<T, IO>(job, tile);
    EachBlock(job, [&](const ShortBlock<T>& b) HYENA_INLINE_LAMBDA {
      for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
        BackwardBlock<decltype(taps)::kHeight, decltype(taps)::kWidth, T, IO>(job, tile, b, c,
                                                                              dweight, dbias);
      }
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
