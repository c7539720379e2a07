// Depthwise convolutions with few taps, a vector of channels at a time. Compiled once for each
// instruction set.

#if defined(HYENA_KERNELS_CPU_SHORT_CONV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_SHORT_CONV_INL_H_
#undef HYENA_KERNELS_CPU_SHORT_CONV_INL_H_
#else
#define HYENA_KERNELS_CPU_SHORT_CONV_INL_H_
#endif

#include <algorithm>

#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/short_group.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// Taps [first, last) of an axis that meet the signal at position `i`.
struct TapRange {
  std::int64_t first, last;
  TapRange(std::int64_t i, std::int64_t centre, std::int64_t taps, std::int64_t length)
      : first(std::max<std::int64_t>(0, centre - i)), last(std::min(taps, length + centre - i)) {}
};

/// The first `lanes` channels of a row of weights.
template <class T>
HWY_INLINE Vector<T> LoadWeights(const T* p, std::int64_t lanes) {
  return LoadRow<T, T>(p, lanes);
}

/// kOut neighbouring outputs of one channel group, all taps inside the signal; x points to the
/// first tap of the first of them.
template <int KH, int KW, int kOut, class T, class IO>
HWY_INLINE void InnerOutputs(const ShortJob<T>& job, const IO* x, const T* weight, const T* bias,
                             std::int64_t lanes, IO* y) {
  const Tag<T> d;
  const std::int64_t x_row = job.width * job.x_stride;
  Vector<T> sums[kOut];
  const auto start = bias == nullptr ? hn::Zero(d) : LoadWeights(bias, lanes);
  Each<kOut>([&](auto o) HYENA_INLINE_LAMBDA { sums[decltype(o)::value] = start; });
  Each<KH>([&](auto a) HYENA_INLINE_LAMBDA {
    constexpr int A = decltype(a)::value;
    Vector<T> taps[KW];
    Each<KW>([&](auto e) HYENA_INLINE_LAMBDA {
      constexpr int E = decltype(e)::value;
      taps[E] = LoadWeights(weight + (A * KW + E) * job.channels, lanes);
    });
    Each<kOut + KW - 1>([&](auto p) HYENA_INLINE_LAMBDA {
      constexpr int P = decltype(p)::value;
      const auto value = LoadRow<T>(x + A * x_row + P * job.x_stride, lanes);
      Each<KW>([&](auto e) HYENA_INLINE_LAMBDA {
        constexpr int E = decltype(e)::value;
        if constexpr (P - E >= 0 && P - E < kOut) {
          sums[P - E] = hn::MulAdd(value, taps[E], sums[P - E]);
        }
      });
    });
  });
  Each<kOut>([&](auto o) HYENA_INLINE_LAMBDA {
    constexpr int O = decltype(o)::value;
    StoreRow<T>(sums[O], y + O * job.y_stride, lanes);
  });
}

/// One position, any taps, borders too.
template <class T, class IO>
HWY_INLINE void AnyOutput(const ShortJob<T>& job, std::int64_t i, std::int64_t j) {
  const Tag<T> d;
  const TapRange rows(i, job.centre_row, job.kernel_height, job.height);
  const TapRange columns(j, job.centre_column, job.kernel_width, job.width);
  const auto* x = static_cast<const IO*>(job.x);
  auto* y = static_cast<IO*>(job.y) + (i * job.width + j) * job.y_stride;
  for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
    const std::int64_t lanes = std::min(Lanes<T>(), job.channels - c);
    auto sum = job.bias == nullptr ? hn::Zero(d) : LoadWeights(job.bias + c, lanes);
    for (std::int64_t a = rows.first; a < rows.last; ++a) {
      const IO* row =
          x + ((i + a - job.centre_row) * job.width + j - job.centre_column) * job.x_stride;
      const T* weight = job.weight + a * job.kernel_width * job.channels + c;
      for (std::int64_t e = columns.first; e < columns.last; ++e) {
        sum = hn::MulAdd(LoadRow<T>(row + e * job.x_stride + c, lanes),
                         LoadWeights(weight + e * job.channels, lanes), sum);
      }
    }
    StoreRow<T>(sum, y + c, lanes);
  }
}

/// Rows of a kernel whose size is known: blocks of outputs away from the borders.
template <int KH, int KW, class T, class IO>
HWY_NOINLINE void ForwardRows(const ShortJob<T>& job, std::int64_t first, std::int64_t last) {
  constexpr int kOut = 4;
  const auto* x = static_cast<const IO*>(job.x);
  auto* y = static_cast<IO*>(job.y);
  const std::int64_t inner_end = job.width - (KW - 1 - job.centre_column);  // outputs before it
  for (std::int64_t i = first; i < last; ++i) {
    const TapRange rows(i, job.centre_row, KH, job.height);
    const bool inside = rows.first == 0 && rows.last == KH;
    std::int64_t j = 0;
    while (j < job.width) {
      if (!inside || j < job.centre_column || j + kOut > inner_end) {
        AnyOutput<T, IO>(job, i, j++);
        continue;
      }
      const IO* from =
          x + ((i - job.centre_row) * job.width + j - job.centre_column) * job.x_stride;
      for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
        InnerOutputs<KH, KW, kOut>(
            job, from + c, job.weight + c, job.bias == nullptr ? nullptr : job.bias + c,
            std::min(Lanes<T>(), job.channels - c), y + (i * job.width + j) * job.y_stride + c);
      }
      j += kOut;
    }
  }
}

template <class T, class IO>
void ForwardAs(const ShortJob<T>& job, std::int64_t first, std::int64_t last) {
  if (job.kernel_height == 1 && job.kernel_width == 3) {
    return ForwardRows<1, 3, T, IO>(job, first, last);
  }
  if (job.kernel_height == 1 && job.kernel_width == 4) {
    return ForwardRows<1, 4, T, IO>(job, first, last);
  }
  if (job.kernel_height == 1 && job.kernel_width == 5) {
    return ForwardRows<1, 5, T, IO>(job, first, last);
  }
  if (job.kernel_height == 3 && job.kernel_width == 3) {
    return ForwardRows<3, 3, T, IO>(job, first, last);
  }
  for (std::int64_t i = first; i < last; ++i) {
    for (std::int64_t j = 0; j < job.width; ++j) AnyOutput<T, IO>(job, i, j);
  }
}

/// A block of positions: rows [i0, i1), columns [j0, j1).
struct Block {
  std::int64_t i0, i1, j0, j1;
};

/// One tap row of one channel group: dweight[e] += Σ dy[i, j] · x[i + a − cr, j + e − cc] over a
/// block, KW sums in registers. dbias too where it is asked for.
template <int KW, class T, class IO>
HWY_INLINE void TapRowGradient(const ShortJob<T>& job, const Block& block, std::int64_t a,
                               std::int64_t e0, std::int64_t c, std::int64_t lanes, T* dweight,
                               T* dbias) {
  const Tag<T> d;
  const auto* x = static_cast<const IO*>(job.x) + c;
  const auto* dy = static_cast<const IO*>(job.dy) + c;
  Vector<T> sums[KW];
  Each<KW>([&](auto e) HYENA_INLINE_LAMBDA { sums[decltype(e)::value] = hn::Zero(d); });
  auto total = hn::Zero(d);
  for (std::int64_t i = block.i0; i < block.i1; ++i) {
    const std::int64_t row = i + a - job.centre_row;
    const IO* gradient = dy + i * job.width * job.dy_stride;
    const bool outside = row < 0 || row >= job.height;
    if (outside && dbias == nullptr) continue;
    const IO* from = x + (row * job.width + e0 - job.centre_column) * job.x_stride;
    for (std::int64_t j = block.j0; j < block.j1; ++j) {
      const auto g = LoadRow<T>(gradient + j * job.dy_stride, lanes);
      total = hn::Add(total, g);
      if (outside) continue;
      const std::int64_t at = j + e0 - job.centre_column;
      if (HWY_LIKELY(at >= 0 && at + KW <= job.width)) {
        Each<KW>([&](auto e) HYENA_INLINE_LAMBDA {
          constexpr int E = decltype(e)::value;
          sums[E] = hn::MulAdd(g, LoadRow<T>(from + (j + E) * job.x_stride, lanes), sums[E]);
        });
      } else {
        Each<KW>([&](auto e) HYENA_INLINE_LAMBDA {
          constexpr int E = decltype(e)::value;
          if (at + E >= 0 && at + E < job.width) {
            sums[E] = hn::MulAdd(g, LoadRow<T>(from + (j + E) * job.x_stride, lanes), sums[E]);
          }
        });
      }
    }
  }
  const auto add = [&](Vector<T> sum, T* to) HYENA_INLINE_LAMBDA {
    StoreRow<T>(hn::Add(sum, LoadRow<T, T>(to, lanes)), to, lanes);
  };
  Each<KW>([&](auto e) HYENA_INLINE_LAMBDA {
    constexpr int E = decltype(e)::value;
    add(sums[E], dweight + (a * job.kernel_width + e0 + E) * job.channels + c);
  });
  if (dbias != nullptr) add(total, dbias + c);
}

/// Blocks of about kBlock positions: few enough that a sum keeps its digits, and that the block
/// stays in the cache from one tap row to the next.
template <class T, class IO>
void WeightGradientAs(const ShortJob<T>& job, T* dweight, T* dbias) {
  constexpr std::int64_t kBlock = 1024;
  const std::int64_t columns = std::min(job.width, kBlock);
  const std::int64_t rows = std::max<std::int64_t>(1, kBlock / columns);
  for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
    const std::int64_t lanes = std::min(Lanes<T>(), job.channels - c);
    for (std::int64_t i = 0; i < job.height; i += rows) {
      for (std::int64_t j = 0; j < job.width; j += columns) {
        const Block block{i, std::min(job.height, i + rows), j, std::min(job.width, j + columns)};
        T* bias = dbias;  // once
        for (std::int64_t a = 0; a < job.kernel_height; ++a) {
          std::int64_t e = 0;
          for (; e + 3 <= job.kernel_width; e += 3, bias = nullptr) {
            TapRowGradient<3, T, IO>(job, block, a, e, c, lanes, dweight, bias);
          }
          for (; e < job.kernel_width; ++e, bias = nullptr) {
            TapRowGradient<1, T, IO>(job, block, a, e, c, lanes, dweight, bias);
          }
        }
      }
    }
  }
}

template <class T>
void ShortForward(const ShortJob<T>& job, std::int64_t first, std::int64_t last) {
  if constexpr (sizeof(T) == 8) {
    ForwardAs<T, double>(job, first, last);
  } else {
    if (job.type == Type::kBFloat16) return ForwardAs<T, hwy::bfloat16_t>(job, first, last);
    if (job.type == Type::kFloat16) return ForwardAs<T, hwy::float16_t>(job, first, last);
    ForwardAs<T, float>(job, first, last);
  }
}
template <class T>
void ShortWeightGradient(const ShortJob<T>& job, T* dweight, T* dbias) {
  if constexpr (sizeof(T) == 8) {
    WeightGradientAs<T, double>(job, dweight, dbias);
  } else {
    if (job.type == Type::kBFloat16) {
      return WeightGradientAs<T, hwy::bfloat16_t>(job, dweight, dbias);
    }
    if (job.type == Type::kFloat16) {
      return WeightGradientAs<T, hwy::float16_t>(job, dweight, dbias);
    }
    WeightGradientAs<T, float>(job, dweight, dbias);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
