// Short filters between a caller's rows and tiles of one or several vectors of channels. Compiled
// once for each instruction set.

#if defined(HYENA_KERNELS_CPU_SHORT_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_SHORT_TILE_INL_H_
#undef HYENA_KERNELS_CPU_SHORT_TILE_INL_H_
#else
#define HYENA_KERNELS_CPU_SHORT_TILE_INL_H_
#endif

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/short_tile.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// Rows that stay in the nearest cache while one vector of channels after the other goes over them;
/// also the terms of a weight's gradient that are summed before they join the others.
constexpr std::int64_t kShortBlock = 64;

/// Σ over the taps j that meet a line of `length`, of term(j); kTaps of them, 0: any number.
template <int kTaps, class F>
HWY_INLINE void EachTap(std::int64_t first, std::int64_t length, std::int64_t taps, F&& term) {
  if constexpr (kTaps > 0) {
    if (HWY_LIKELY(first >= 0 && first + kTaps <= length)) {
      Each<kTaps>([&](auto j) HYENA_INLINE_LAMBDA { term(std::int64_t{decltype(j)::value}); });
      return;
    }
  }
  const std::int64_t end = std::min(taps, length - first);
  for (std::int64_t j = std::max<std::int64_t>(0, -first); j < end; ++j) term(j);
}

/// f(position, first channel, channels, s) for every vector.
template <int kTaps, class T, class IO, class F>
HWY_INLINE void EachShort(const ShortTileJob<T>& job, F&& f) {
  const Tag<T> d;
  for (std::int64_t t0 = 0; t0 < job.length; t0 += kShortBlock) {
    const std::int64_t t1 = std::min(job.length, t0 + kShortBlock);
    for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
      const std::int64_t lanes = HWY_MIN(Lanes<T>(), job.channels - c);
      const IO* x = static_cast<const IO*>(job.x) + c;
      const T* weight = job.weight + c;
      const auto start = job.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, job.bias + c);
      for (std::int64_t t = t0; t < t1; ++t) {
        const std::int64_t first = t - job.centre;
        const IO* from = x + first * job.x_stride;
        auto sum = start;
        EachTap<kTaps>(first, job.length, job.taps, [&](std::int64_t j) HYENA_INLINE_LAMBDA {
          sum = hn::MulAdd(LoadRow<T>(from + j * job.x_stride, lanes),
                           hn::LoadU(d, weight + j * job.weight_stride), sum);
        });
        f(t, c, lanes, sum);
      }
    }
  }
}

/// With the number of taps and the type of the signal known.
template <class T, class F>
void WithTaps(const ShortTileJob<T>& job, F&& f) {
  const auto typed = [&](auto io) {
    switch (job.taps) {
      case 3:
        return f(std::integral_constant<int, 3>(), io);
      case 4:
        return f(std::integral_constant<int, 4>(), io);
      default:
        return f(std::integral_constant<int, 0>(), io);
    }
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
    EachShort<decltype(taps)::value, T, IO>(
        job, [&](std::int64_t t, std::int64_t c, std::int64_t lanes, auto s) HYENA_INLINE_LAMBDA {
          if (gate != nullptr) s = hn::Mul(s, LoadRow<T>(gate + t * job.gate_stride + c, lanes));
          hn::Store(s, Tag<T>(), tile + t * job.tile_stride + c);
        });
  });
}

template <class T>
void MultiplyTile(const ShortTileJob<T>& job, T* HWY_RESTRICT tile) {
  WithTaps(job, [&](auto taps, auto io) {
    EachShort<decltype(taps)::value, T, decltype(io)>(
        job, [&](std::int64_t t, std::int64_t c, std::int64_t, auto s) HYENA_INLINE_LAMBDA {
          const Tag<T> d;
          T* p = tile + t * job.tile_stride + c;
          hn::Store(hn::Mul(s, hn::Load(d, p)), d, p);
        });
  });
}

template <class T>
void GateTile(const ShortTileJob<T>& job, const T* HWY_RESTRICT tile) {
  WithTaps(job, [&](auto taps, auto io) {
    using IO = decltype(io);
    auto* y = static_cast<IO*>(job.y);
    EachShort<decltype(taps)::value, T, IO>(
        job, [&](std::int64_t t, std::int64_t c, std::int64_t lanes, auto s) HYENA_INLINE_LAMBDA {
          const auto x = hn::Load(Tag<T>(), tile + t * job.tile_stride + c);
          StoreRow<T>(hn::Mul(s, x), y + t * job.y_stride + c, lanes);
        });
  });
}

/// The gradient of the filter's output, where the tile holds that of gate ⊙ output.
template <class T, class IO>
void GateGradient(const ShortTileJob<T>& job, T* HWY_RESTRICT tile) {
  const Tag<T> d;
  const auto* gate = static_cast<const IO*>(job.gate);
  for (std::int64_t t = 0; t < job.length; ++t) {
    for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
      const std::int64_t lanes = HWY_MIN(Lanes<T>(), job.channels - c);
      T* p = tile + t * job.tile_stride + c;
      hn::Store(hn::Mul(hn::Load(d, p), LoadRow<T>(gate + t * job.gate_stride + c, lanes)), d, p);
    }
  }
}

/// Positions [t0, t1) of one vector of channels: gradient of x, and sums for weights and bias.
template <int kTaps, class T, class IO>
HWY_INLINE void BackwardBlock(const ShortTileJob<T>& job, const T* HWY_RESTRICT tile,
                              std::int64_t t0, std::int64_t t1, std::int64_t c, T* dweight,
                              T* dbias) {
  constexpr std::int64_t kMost = kTaps > 0 ? kTaps : 16;
  const Tag<T> d;
  const std::int64_t lanes = HWY_MIN(Lanes<T>(), job.channels - c);
  const IO* x = static_cast<const IO*>(job.x) + c;
  IO* dx = static_cast<IO*>(job.y) + c;
  const T* weight = job.weight + c;
  Vector<T> sums[kMost];
  for (auto& sum : sums) sum = hn::Zero(d);
  auto total = hn::Zero(d);
  for (std::int64_t t = t0; t < t1; ++t) {
    const auto g = hn::Load(d, tile + t * job.tile_stride + c);
    total = hn::Add(total, g);
    const IO* from = x + (t - job.centre) * job.x_stride;
    EachTap<kTaps>(t - job.centre, job.length, job.taps, [&](std::int64_t j) HYENA_INLINE_LAMBDA {
      sums[j] = hn::MulAdd(g, LoadRow<T>(from + j * job.x_stride, lanes), sums[j]);
    });
    // The output at t + centre − j read position t with tap j: walk j' = taps − 1 − j upwards.
    const std::int64_t first = t + job.centre - (job.taps - 1);
    auto back = hn::Zero(d);
    EachTap<kTaps>(first, job.length, job.taps, [&](std::int64_t j) HYENA_INLINE_LAMBDA {
      back = hn::MulAdd(hn::Load(d, tile + (first + j) * job.tile_stride + c),
                        hn::LoadU(d, weight + (job.taps - 1 - j) * job.weight_stride), back);
    });
    StoreRow<T>(back, dx + t * job.y_stride, lanes);
  }
  const auto add = [&](Vector<T> sum, T* to)
                       HYENA_INLINE_LAMBDA { hn::StoreU(hn::Add(sum, hn::LoadU(d, to)), d, to); };
  for (std::int64_t j = 0; j < job.taps; ++j) add(sums[j], dweight + j * job.weight_stride + c);
  add(total, dbias + c);
}

template <class T>
void BackwardTile(const ShortTileJob<T>& job, T* tile, T* dweight, T* dbias) {
  WithTaps(job, [&](auto taps, auto io) {
    using IO = decltype(io);
    if (job.gate != nullptr) GateGradient<T, IO>(job, tile);
    for (std::int64_t t = 0; t < job.length; t += kShortBlock) {
      for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
        BackwardBlock<decltype(taps)::value, T, IO>(
            job, tile, t, std::min(job.length, t + kShortBlock), c, dweight, dbias);
      }
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
