// Sums of products along time with channels in the lanes. Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_ONLINE_STEP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_ONLINE_STEP_INL_H_
#undef HYENA_KERNELS_CPU_ONLINE_STEP_INL_H_
#else
#define HYENA_KERNELS_CPU_ONLINE_STEP_INL_H_
#endif

#include "kernels/cpu/online_step.h"
#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// Channels [first, first + kVectors · lanes): the sums stay in registers while rows stream by.
template <int kVectors, class T>
HWY_INLINE void DotBlock(const T* HWY_RESTRICT h, const T* HWY_RESTRICT v, std::int64_t taps,
                         std::int64_t channels, const T* start, T* y) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  Vector<T> sum[kVectors];
  Each<kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
    constexpr int I = decltype(i)::value;
    sum[I] = hn::LoadU(d, start + I * lanes);
  });
  for (std::int64_t j = 0; j < taps; ++j, h += channels, v -= channels) {
    Each<kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
      constexpr int I = decltype(i)::value;
      sum[I] = hn::MulAdd(hn::LoadU(d, h + I * lanes), hn::LoadU(d, v + I * lanes), sum[I]);
    });
  }
  Each<kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
    constexpr int I = decltype(i)::value;
    hn::StoreU(sum[I], d, y + I * lanes);
  });
}

template <class T>
void Dot(const T* h, const T* v, std::int64_t taps, std::int64_t channels, const T* start, T* y) {
  const std::int64_t lanes = Lanes<T>();
  // 16 sums leave room for the operands where there are 32 registers.
  constexpr int kMost = HWY_MAX_BYTES >= 64 ? 16 : 8;
  std::int64_t c = 0;
  for (; c + kMost * lanes <= channels; c += kMost * lanes) {
    DotBlock<kMost>(h + c, v + c, taps, channels, start + c, y + c);
  }
  for (; c + 4 * lanes <= channels; c += 4 * lanes) {
    DotBlock<4>(h + c, v + c, taps, channels, start + c, y + c);
  }
  for (; c + lanes <= channels; c += lanes) {
    DotBlock<1>(h + c, v + c, taps, channels, start + c, y + c);
  }
  for (; c < channels; ++c) {
    T sum = start[c];
    for (std::int64_t j = 0; j < taps; ++j) sum += h[c + j * channels] * v[c - j * channels];
    y[c] = sum;
  }
}

template <class T>
void Add(const T* HWY_RESTRICT x, std::int64_t rows, std::int64_t width, T* HWY_RESTRICT y,
         std::int64_t stride) {
  const Tag<T> d;
  const std::int64_t lanes = Lanes<T>();
  for (std::int64_t r = 0; r < rows; ++r, x += width, y += stride) {
    std::int64_t i = 0;
    for (; i + lanes <= width; i += lanes) {
      hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
    }
    for (; i < width; ++i) y[i] += x[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
