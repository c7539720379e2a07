// The gated convolution as plain sums over all pairs of positions, for the few positions of a short
// line or a small grid: what a transform would save does not pay for its passes there. Compiled
// once for each instruction set.

#if defined(HYENA_KERNELS_CPU_DIRECT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_DIRECT_INL_H_
#undef HYENA_KERNELS_CPU_DIRECT_INL_H_
#else
#define HYENA_KERNELS_CPU_DIRECT_INL_H_
#endif

#include <algorithm>

#include "kernels/cpu/group.h"
#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// Taps are vectors at (lag row + height − 1) · (2 width − 1) + lag column + width − 1. Causal: a
/// line whose taps of negative lags are zero, their gradients are not wanted.
struct DirectShape {
  std::int64_t height, width;
  bool causal;
  std::int64_t columns() const { return 2 * width - 1; }
};

constexpr std::int64_t kDirectBlock = 8;  // sums under way: two multiply-adds a cycle, four deep

/// f(Index<N>(), first) for blocks of N ≤ 8 of equal length, give or take one, that fill [0,
/// count).
template <class F>
HWY_INLINE void EachBlock(std::int64_t count, F&& f) {
  const std::int64_t blocks = (count + kDirectBlock - 1) / kDirectBlock;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t first = i * count / blocks, n = (i + 1) * count / blocks - first;
    switch (n) {
#define HYENA_CASE(N)     \
  case N:                 \
    f(Index<N>(), first); \
    break;
      HYENA_CASE(1)
      HYENA_CASE(2)
      HYENA_CASE(3)
      HYENA_CASE(4)
      HYENA_CASE(5)
      HYENA_CASE(6)
      HYENA_CASE(7)
      HYENA_CASE(8)
#undef HYENA_CASE
    }
  }
}

/// sum[j] += Σ_s x[s] · w[kSign · (j − s)] for s = 0 … count − 1; all in vectors.
template <int N, int kSign, class T>
HWY_INLINE void Slide(Vector<T>* HWY_RESTRICT sum, const T* HWY_RESTRICT x, std::int64_t count,
                      const T* HWY_RESTRICT w) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  for (std::int64_t s = 0; s < count; ++s, x += lanes, w -= kSign * lanes) {
    const auto value = hn::Load(d, x);
    Each<N>([&](auto j) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(j)::value;
      sum[J] = hn::MulAdd(value, hn::Load(d, w + kSign * J * lanes), sum[J]);
    });
  }
}

/// Signals of one group under way: u = k ⊙ v with zeros around each row, and dc = q ⊙ dy.
template <class T>
struct DirectWork {
  static constexpr std::int64_t kMargin = kDirectBlock - 1;
  DirectWork(const DirectShape& s, T* memory)
      : stride((s.width + 2 * kMargin) * Lanes<T>()),
        u(memory + kMargin * Lanes<T>()),
        dc(memory + s.height * stride) {}
  static std::int64_t Size(const DirectShape& s) {
    return s.height * (2 * s.width + 2 * kMargin) * Lanes<T>();
  }
  std::int64_t stride;  ///< of u, from row to row
  T* u;
  T* dc;
};

/// Rows of a ⊙ b, or of b.
template <class T>
HWY_INLINE void Gate(const DirectShape& s, ConstGroup<T> a, ConstGroup<T> b, T* HWY_RESTRICT out,
                     std::int64_t stride) {
  const Tag<T> d;
  for (std::int64_t i = 0; i < s.height; ++i) {
    for (std::int64_t t = 0; t < s.width; ++t) {
      const std::int64_t row = i * s.width + t;
      auto x = hn::LoadU(d, b.row(row));
      if (a.data != nullptr) x = hn::Mul(x, hn::LoadU(d, a.row(row)));
      hn::Store(x, d, out + i * stride + t * Lanes<T>());
    }
  }
}

/// put(position, Σ over all lags of tap · x there), or with kSign = −1 the transposed sum.
template <int kSign, class T, class Put>
HWY_INLINE void DirectSums(const DirectShape& s, const T* HWY_RESTRICT taps,
                           const T* HWY_RESTRICT x, std::int64_t stride, Put&& put) {
  const std::int64_t lanes = Lanes<T>(), lag0 = s.width - 1;
  for (std::int64_t i = 0; i < s.height; ++i) {
    EachBlock(s.width, [&](auto block, std::int64_t first) HYENA_INLINE_LAMBDA {
      constexpr int N = decltype(block)::value;
      Vector<T> sum[N];
      Each<N>([&](auto j) HYENA_INLINE_LAMBDA { sum[decltype(j)::value] = hn::Zero(Tag<T>()); });
      const std::int64_t begin = s.causal && kSign < 0 ? first : 0;
      const std::int64_t end = s.causal && kSign > 0 ? first + N : s.width;
      for (std::int64_t from = 0; from < s.height; ++from) {
        const std::int64_t lag_row = kSign * (i - from) + s.height - 1;
        const T* w = taps + (lag_row * s.columns() + lag0 + kSign * (first - begin)) * lanes;
        Slide<N, kSign>(sum, x + from * stride + begin * lanes, end - begin, w);
      }
      Each<N>([&](auto j) HYENA_INLINE_LAMBDA {
        put(i * s.width + first + decltype(j)::value, sum[decltype(j)::value]);
      });
    });
  }
}

/// gradient (+)= Σ over positions of dc · u a lag before.
template <class T>
HWY_INLINE void DirectTapGradients(const DirectShape& s, const DirectWork<T>& work, bool add,
                                   T* HWY_RESTRICT gradient) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>(), lowest = s.causal ? 0 : 1 - s.width;
  for (std::int64_t r = 1 - s.height; r < s.height; ++r) {
    EachBlock(s.width - lowest, [&](auto block, std::int64_t index) HYENA_INLINE_LAMBDA {
      constexpr int N = decltype(block)::value;
      const std::int64_t lag = lowest + index;
      T* out = gradient + ((r + s.height - 1) * s.columns() + lag + s.width - 1) * lanes;
      Vector<T> sum[N];
      Each<N>([&](auto j) HYENA_INLINE_LAMBDA {
        constexpr int J = decltype(j)::value;
        sum[J] = hn::Zero(d);
        if (add) sum[J] = hn::Load(d, out + J * lanes);
      });
      const std::int64_t begin = std::max<std::int64_t>(0, lag);
      const std::int64_t end = std::min(s.width, s.width + lag + N - 1);
      const std::int64_t last_row = std::min(s.height, s.height + r);
      for (std::int64_t i = std::max<std::int64_t>(0, r); i < last_row; ++i) {
        Slide<N, -1>(sum, work.dc + (i * s.width + begin) * lanes, end - begin,
                     work.u + (i - r) * work.stride + (begin - lag) * lanes);
      }
      Each<N>([&](auto j) HYENA_INLINE_LAMBDA {
        hn::Store(sum[decltype(j)::value], d, out + decltype(j)::value * lanes);
      });
    });
  }
}

template <class T>
HWY_INLINE std::int64_t DirectTaps(const DirectShape& s) {
  return (2 * s.height - 1) * s.columns() * Lanes<T>();
}

template <class G>
HWY_INLINE G At(G group, std::int64_t channel) {
  if (group.data != nullptr) group.data += channel;
  return group;
}

template <class T>
HWY_NOINLINE void DirectConvolve(const DirectShape& s, const T* taps, std::int64_t groups,
                                 ConstGroup<T> q, ConstGroup<T> k, ConstGroup<T> v, Group<T> y,
                                 T* memory) {
  const Tag<T> d;
  const DirectWork<T> work(s, memory);
  for (std::int64_t g = 0; g < groups; ++g, taps += DirectTaps<T>(s)) {
    const std::int64_t c = g * Lanes<T>();
    Gate(s, At(k, c), At(v, c), work.u, work.stride);
    DirectSums<1>(s, taps, work.u, work.stride,
                  [&](std::int64_t row, Vector<T> sum) HYENA_INLINE_LAMBDA {
                    if (q.data != nullptr) sum = hn::Mul(sum, hn::LoadU(d, q.row(row) + c));
                    hn::StoreU(sum, d, y.row(row) + c);
                  });
  }
}

template <class T>
HWY_NOINLINE void DirectBackward(const DirectShape& s, const T* taps, std::int64_t groups,
                                 const BackwardRows<T>& rows, T* gradient, T* memory) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>(), margin = DirectWork<T>::kMargin * lanes;
  const DirectWork<T> work(s, memory);
  for (std::int64_t i = 0; i < s.height; ++i) {
    std::fill_n(work.u + i * work.stride - margin, margin, T{0});
    std::fill_n(work.u + i * work.stride + s.width * lanes, margin, T{0});
  }
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t c = g * lanes;
    Gate(s, At(rows.k, c), At(rows.v, c), work.u, work.stride);
    Gate(s, At(rows.q, c), At(rows.dy, c), work.dc, s.width * lanes);
    if (rows.dq.data != nullptr) {
      DirectSums<1>(s, taps, work.u, work.stride,
                    [&](std::int64_t row, Vector<T> sum) HYENA_INLINE_LAMBDA {
                      if (rows.q.data != nullptr) {
                        sum = hn::Mul(sum, hn::LoadU(d, rows.dy.row(row) + c));
                      }
                      hn::StoreU(sum, d, rows.dq.row(row) + c);
                    });
    }
    DirectSums<-1>(
        s, taps, work.dc, s.width * lanes, [&](std::int64_t row, Vector<T> du) HYENA_INLINE_LAMBDA {
          if (rows.k.data != nullptr) {
            const auto key = hn::LoadU(d, rows.k.row(row) + c);
            hn::StoreU(hn::Mul(hn::LoadU(d, rows.v.row(row) + c), du), d, rows.dk.row(row) + c);
            du = hn::Mul(key, du);
          }
          hn::StoreU(du, d, rows.dv.row(row) + c);
        });
    DirectTapGradients(s, work, !rows.first, gradient);
    taps += DirectTaps<T>(s);
    gradient += DirectTaps<T>(s);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
