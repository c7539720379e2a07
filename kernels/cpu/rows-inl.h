// Rows of a caller's tensor in and out of tiles, [rows][lanes] of the type that is computed with:
// for signals of other types, for channels that do not fill a vector, for padded lengths. Compiled
// once for each instruction set.

#if defined(HYENA_KERNELS_CPU_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_ROWS_INL_H_
#undef HYENA_KERNELS_CPU_ROWS_INL_H_
#else
#define HYENA_KERNELS_CPU_ROWS_INL_H_
#endif

#include <cstring>

#include <hwy/highway.h>

#include "kernels/cpu/rows.h"
#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// A vector of T from and to memory of the type IO.
template <class T, class IO>
struct Memory {
  static HWY_INLINE Vector<T> Load(const IO* p) { return hn::LoadU(Tag<T>(), p); }
  static HWY_INLINE void Store(Vector<T> x, IO* p) { hn::StoreU(x, Tag<T>(), p); }
};
template <>
struct Memory<float, hwy::bfloat16_t> {
  static HWY_INLINE Vector<float> Load(const hwy::bfloat16_t* p) {
    const Tag<float> d;
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::bfloat16_t, Tag<float>>(), p));
  }
  static HWY_INLINE void Store(Vector<float> x, hwy::bfloat16_t* p) {
    const hn::RebindToUnsigned<Tag<float>> du;
    const hn::RebindToSigned<Tag<float>> di;
    const auto bits = hn::BitCast(du, x);
    // To the nearest, ties to even; a NaN keeps its upper half and its quiet bit.
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7FFF)));
    const auto nan = hn::Or(bits, hn::Set(du, 0x400000));
    const auto upper =
        hn::ShiftRight<16>(hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(x)), nan, rounded));
    const hn::Rebind<std::uint16_t, Tag<float>> d16;
    hn::StoreU(hn::DemoteTo(d16, hn::BitCast(di, upper)), d16, reinterpret_cast<std::uint16_t*>(p));
  }
};
template <>
struct Memory<float, hwy::float16_t> {
  static HWY_INLINE Vector<float> Load(const hwy::float16_t* p) {
    const Tag<float> d;
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::float16_t, Tag<float>>(), p));
  }
  static HWY_INLINE void Store(Vector<float> x, hwy::float16_t* p) {
    const hn::Rebind<hwy::float16_t, Tag<float>> d16;
    hn::StoreU(hn::DemoteTo(d16, x), d16, p);
  }
};

/// The first `lanes` channels of a row.
template <class T, class IO>
HWY_INLINE Vector<T> LoadRow(const IO* p, std::int64_t lanes) {
  if (HWY_LIKELY(lanes == Lanes<T>())) return Memory<T, IO>::Load(p);
  HWY_ALIGN IO padded[HWY_MAX_BYTES / sizeof(T)];
  std::memset(static_cast<void*>(padded), 0, sizeof padded);
  std::memcpy(static_cast<void*>(padded), p, static_cast<std::size_t>(lanes) * sizeof(IO));
  return Memory<T, IO>::Load(padded);
}
template <class T, class IO>
HWY_INLINE void StoreRow(Vector<T> x, IO* p, std::int64_t lanes) {
  if (HWY_LIKELY(lanes == Lanes<T>())) return Memory<T, IO>::Store(x, p);
  HWY_ALIGN IO padded[HWY_MAX_BYTES / sizeof(T)];
  Memory<T, IO>::Store(x, padded);
  std::memcpy(static_cast<void*>(p), padded, static_cast<std::size_t>(lanes) * sizeof(IO));
}

/// f(position, first channel, channels) for every vector of every row.
template <class T, class F>
HWY_INLINE void EachVector(const RowsJob<T>& job, F&& f) {
  for (std::int64_t t = 0; t < job.rows; ++t) {
    for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
      f(t, c, HWY_MIN(Lanes<T>(), job.channels - c));
    }
  }
}

/// tile = a ⊙ b, or b where there is no a.
template <class T, class IO>
void PackAs(const RowsJob<T>& job, T* HWY_RESTRICT tile) {
  const Tag<T> d;
  const auto* a = static_cast<const IO*>(job.a);
  const auto* b = static_cast<const IO*>(job.b);
  EachVector(job, [&](std::int64_t t, std::int64_t c, std::int64_t lanes) HYENA_INLINE_LAMBDA {
    auto x = LoadRow<T>(b + t * job.b_stride + c, lanes);
    if (a != nullptr) x = hn::Mul(LoadRow<T>(a + t * job.a_stride + c, lanes), x);
    hn::Store(x, d, tile + t * job.tile_stride + c);
  });
}

/// y = a ⊙ tile, or tile.
template <class T, class IO>
void UnpackAs(const RowsJob<T>& job, const T* HWY_RESTRICT tile) {
  const Tag<T> d;
  const auto* a = static_cast<const IO*>(job.a);
  auto* y = static_cast<IO*>(job.y);
  EachVector(job, [&](std::int64_t t, std::int64_t c, std::int64_t lanes) HYENA_INLINE_LAMBDA {
    auto x = hn::Load(d, tile + t * job.tile_stride + c);
    if (a != nullptr) x = hn::Mul(LoadRow<T>(a + t * job.a_stride + c, lanes), x);
    StoreRow<T>(x, y + t * job.y_stride + c, lanes);
  });
}

template <class T>
void Pack(const RowsJob<T>& job, T* tile) {
  if constexpr (sizeof(T) == 8) {
    PackAs<T, double>(job, tile);
  } else {
    if (job.type == Type::kBFloat16) return PackAs<T, hwy::bfloat16_t>(job, tile);
    if (job.type == Type::kFloat16) return PackAs<T, hwy::float16_t>(job, tile);
    PackAs<T, float>(job, tile);
  }
}
template <class T>
void Unpack(const RowsJob<T>& job, const T* tile) {
  if constexpr (sizeof(T) == 8) {
    UnpackAs<T, double>(job, tile);
  } else {
    if (job.type == Type::kBFloat16) return UnpackAs<T, hwy::bfloat16_t>(job, tile);
    if (job.type == Type::kFloat16) return UnpackAs<T, hwy::float16_t>(job, tile);
    UnpackAs<T, float>(job, tile);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
