// Products of matrices with few rows, and what lies between them, for one token of each sequence.
// Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_TOKEN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_TOKEN_INL_H_
#undef HYENA_KERNELS_CPU_TOKEN_INL_H_
#else
#define HYENA_KERNELS_CPU_TOKEN_INL_H_
#endif

#include <algorithm>
#include <cmath>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/cpu/token.h"
#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// Sums in flight: enough to hide the latency of a fused multiply-add, few enough for registers.
inline constexpr int kBlockVectors = HWY_MAX_BYTES >= 64 ? 8 : 4;

/// One block of outputs for kRows rows of x at once, each weight loaded once for all.
template <int kVectors, int kRows, class T>
HWY_INLINE void BlockProduct(const T* HWY_RESTRICT weight, const T* HWY_RESTRICT bias,
                             std::int64_t in, const T* HWY_RESTRICT x, T* HWY_RESTRICT y,
                             std::int64_t stride, std::int64_t outputs) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  Vector<T> sum[kRows][kVectors];
  Each<kRows>([&](auto r) HYENA_INLINE_LAMBDA {
    Each<kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
      constexpr int R = decltype(r)::value, I = decltype(i)::value;
      sum[R][I] = hn::Load(d, bias + I * lanes);
    });
  });
  for (std::int64_t k = 0; k < in; ++k, weight += kVectors * lanes) {
    Vector<T> factor[kRows];
    Each<kRows>([&](auto r) HYENA_INLINE_LAMBDA {
      constexpr int R = decltype(r)::value;
      factor[R] = hn::Set(d, x[R * in + k]);
    });
    Each<kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
      constexpr int I = decltype(i)::value;
      const auto w = hn::Load(d, weight + I * lanes);
      Each<kRows>([&](auto r) HYENA_INLINE_LAMBDA {
        constexpr int R = decltype(r)::value;
        sum[R][I] = hn::MulAdd(w, factor[R], sum[R][I]);
      });
    });
  }
  Each<kRows>([&](auto r) HYENA_INLINE_LAMBDA {
    Each<kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
      constexpr int R = decltype(r)::value, I = decltype(i)::value;
      T* const to = y + R * stride + I * lanes;
      if ((I + 1) * lanes <= outputs) {
        hn::StoreU(sum[R][I], d, to);
      } else {
        HWY_ALIGN T last[HWY_MAX_BYTES / sizeof(T)];
        hn::Store(sum[R][I], d, last);
        for (std::int64_t l = 0; I * lanes + l < outputs; ++l) to[l] = last[l];
      }
    });
  });
}

template <class T>
void Product(const T* weight, const T* bias, std::int64_t vectors, std::int64_t in, const T* x,
             std::int64_t rows, T* y, std::int64_t stride, std::int64_t outputs) {
  const auto run = [&](auto count) HYENA_INLINE_LAMBDA {
    constexpr int V = decltype(count)::value;
    std::int64_t r = 0;
    for (; r + 3 <= rows; r += 3) {
      BlockProduct<V, 3>(weight, bias, in, x + r * in, y + r * stride, stride, outputs);
    }
    for (; r < rows; ++r) {
      BlockProduct<V, 1>(weight, bias, in, x + r * in, y + r * stride, stride, outputs);
    }
  };
  if (vectors == kBlockVectors) {
    run(Index<kBlockVectors>());
  } else {
    run(Index<1>());
  }
}

/// y[i] = f(vector at i) for `count` numbers; f is also handed the last few, in a whole vector.
template <class T, class F>
HWY_INLINE void Map(std::int64_t count, const T* x, T* y, F&& f) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(f(hn::LoadU(d, x + i)), d, y + i);
  if (i == count) return;
  HWY_ALIGN T last[HWY_MAX_BYTES / sizeof(T)] = {};
  std::copy(x + i, x + count, last);
  hn::Store(f(hn::Load(d, last)), d, last);
  std::copy(last, last + (count - i), y + i);
}

template <class T>
void AddInto(const T* x, std::int64_t count, T* y) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  }
  for (; i < count; ++i) y[i] += x[i];
}

template <class T>
void MultiplyInto(const T* a, const T* b, std::int64_t count, T* y) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  }
  for (; i < count; ++i) y[i] = a[i] * b[i];
}

/// Σ a b, or Σ (a − shift)² where b is null.
template <class T>
HWY_INLINE T DotProduct(const T* a, const T* b, std::int64_t count) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  auto even = hn::Zero(d), odd = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    even = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), even);
    odd = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), odd);
  }
  for (; i + lanes <= count; i += lanes) {
    even = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), even);
  }
  T sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
void Norm(const T* x, std::int64_t width, const T* weight, const T* bias, double eps, T* y) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  auto sums = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= width; i += lanes) sums = hn::Add(sums, hn::LoadU(d, x + i));
  T sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < width; ++i) sum += x[i];
  const T mean = sum / static_cast<T>(width);
  const auto means = hn::Set(d, mean);
  Map(width, x, y, [&](auto v) HYENA_INLINE_LAMBDA { return hn::Sub(v, means); });
  const T variance = DotProduct<T>(y, y, width) / static_cast<T>(width);
  const auto scale = hn::Set(d, T{1} / std::sqrt(variance + static_cast<T>(eps)));
  Map(width, y, y, [&](auto v) HYENA_INLINE_LAMBDA { return hn::Mul(v, scale); });
  if (weight != nullptr) MultiplyInto(y, weight, width, y);
  if (bias != nullptr) AddInto(bias, width, y);
}

template <class T>
void Activate(Activation activation, std::int64_t count, T* x) {
  const Tag<T> d;
  switch (activation) {
    case Activation::kNone:
      return;
    case Activation::kRelu:
      return Map(count, x, x, [&](auto v) HYENA_INLINE_LAMBDA { return hn::Max(v, hn::Zero(d)); });
    case Activation::kGeluTanh: {
      const auto outer = hn::Set(d, static_cast<T>(0.79788456080286535588));  // √(2/π)
      const auto inner = hn::Set(d, static_cast<T>(0.044715 * 0.79788456080286535588));
      const auto half = hn::Set(d, T{0.5});
      return Map(count, x, x, [&](auto v) HYENA_INLINE_LAMBDA {
        const auto t = hn::Mul(v, hn::MulAdd(inner, hn::Mul(v, v), outer));
        const auto halved = hn::Mul(v, half);
        return hn::MulAdd(halved, hn::Tanh(d, t), halved);
      });
    }
    case Activation::kSilu: {
      const auto one = hn::Set(d, T{1});
      return Map(count, x, x, [&](auto v) HYENA_INLINE_LAMBDA {
        return hn::Div(v, hn::Add(one, hn::Exp(d, hn::Neg(v))));
      });
    }
    case Activation::kGelu:
      for (std::int64_t i = 0; i < count; ++i) {
        x[i] *= T{0.5} * (T{1} + std::erf(x[i] * static_cast<T>(0.70710678118654752440)));
      }
      return;
    case Activation::kSin:
      for (std::int64_t i = 0; i < count; ++i) x[i] = std::sin(x[i]);
      return;
  }
}

template <class T>
void Attend(const T* q, const T* keys, const T* values, std::int64_t positions,
            std::int64_t head_dim, std::int64_t stride, T* scores, T* y) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  const T scale = T{1} / std::sqrt(static_cast<T>(head_dim));
  T largest = DotProduct(q, keys, head_dim) * scale;
  for (std::int64_t t = 0; t < positions; ++t) {
    scores[t] = DotProduct(q, keys + t * stride, head_dim) * scale;
    largest = std::max(largest, scores[t]);
  }
  const auto most = hn::Set(d, largest);
  Map(positions, scores, scores,
      [&](auto v) HYENA_INLINE_LAMBDA { return hn::Exp(d, hn::Sub(v, most)); });
  T sum = 0;
  for (std::int64_t t = 0; t < positions; ++t) sum += scores[t];
  for (std::int64_t c = 0; c < head_dim; c += lanes) {
    if (c + lanes <= head_dim) {
      auto total = hn::Zero(d);
      for (std::int64_t t = 0; t < positions; ++t) {
        total = hn::MulAdd(hn::Set(d, scores[t]), hn::LoadU(d, values + t * stride + c), total);
      }
      hn::StoreU(hn::Mul(total, hn::Set(d, T{1} / sum)), d, y + c);
    } else {
      for (std::int64_t e = c; e < head_dim; ++e) {
        T total = 0;
        for (std::int64_t t = 0; t < positions; ++t) total += scores[t] * values[t * stride + e];
        y[e] = total / sum;
      }
    }
  }
}

template <class T>
TokenKernels<T> KernelsOfTokens() {
  return {.lanes = Lanes<T>(),
          .block = kBlockVectors,
          .product = Product<T>,
          .add = AddInto<T>,
          .multiply = MultiplyInto<T>,
          .norm = Norm<T>,
          .activate = Activate<T>,
          .attend = Attend<T>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
