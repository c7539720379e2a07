// Products of small matrices: tiles of the result in registers, broadcast elements of the left
// factor times vectors of the right one. Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_PRODUCT_INL_H_
#undef HYENA_KERNELS_CPU_PRODUCT_INL_H_
#else
#define HYENA_KERNELS_CPU_PRODUCT_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// A tile of kTileRows rows and kTileVectors vectors, with a row of the right factor beside it,
/// fills the registers without spilling: there are 32 or 16.
constexpr int kTileRows = 4;
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3
constexpr int kTileVectors = 3;
#else
constexpr int kTileVectors = 4;
#endif

template <class T>
HWY_INLINE std::int64_t PanelColumns() {
  return kTileVectors * Lanes<T>();
}

/// What a product is added to.
enum class Start { kZero, kRow, kSum };

/// c[m][n] = start + Σ_k a[m][k] · b[k][n]: a row of bias for every m, or c itself.
template <class T>
struct Product {
  std::int64_t rows = 0;     ///< m, a multiple of kTileRows
  std::int64_t columns = 0;  ///< n, a multiple of the lanes
  std::int64_t depth = 0;    ///< k
  const T* a = nullptr;
  std::int64_t a_row = 0, a_depth = 0;  ///< steps of m and k
  const T* b = nullptr;
  std::int64_t b_panel = 0, b_depth = 0;  ///< from one panel of columns to the next; step of k
  T* c = nullptr;
  std::int64_t c_row = 0;
  const T* bias = nullptr;
};

template <Start kStart, int kVectors, class T>
HWY_INLINE void ProductTile(const Product<T>& job, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                            const T* HWY_RESTRICT bias, T* HWY_RESTRICT c) {
  const Tag<T> d;
  Vector<T> sums[kTileRows * kVectors];
  Each<kTileRows * kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
    constexpr int I = decltype(i)::value;
    const std::int64_t column = I % kVectors * Lanes<T>();
    if constexpr (kStart == Start::kZero) sums[I] = hn::Zero(d);
    if constexpr (kStart == Start::kRow) sums[I] = hn::LoadU(d, bias + column);
    if constexpr (kStart == Start::kSum) {
      sums[I] = hn::LoadU(d, c + I / kVectors * job.c_row + column);
    }
  });
  for (std::int64_t k = 0; k < job.depth; ++k, a += job.a_depth, b += job.b_depth) {
    Vector<T> row[kVectors];
    Each<kVectors>([&](auto v) HYENA_INLINE_LAMBDA {
      constexpr int V = decltype(v)::value;
      row[V] = hn::LoadU(d, b + V * Lanes<T>());
    });
    Each<kTileRows>([&](auto m) HYENA_INLINE_LAMBDA {
      constexpr int M = decltype(m)::value;
      const auto x = hn::Set(d, a[M * job.a_row]);
      Each<kVectors>([&](auto v) HYENA_INLINE_LAMBDA {
        constexpr int I = M * kVectors + decltype(v)::value;
        sums[I] = hn::MulAdd(x, row[decltype(v)::value], sums[I]);
      });
    });
  }
  Each<kTileRows * kVectors>([&](auto i) HYENA_INLINE_LAMBDA {
    constexpr int I = decltype(i)::value;
    hn::StoreU(sums[I], d, c + I / kVectors * job.c_row + I % kVectors * Lanes<T>());
  });
}

template <Start kStart, int kVectors, class T>
HWY_NOINLINE void ProductPanelOf(const Product<T>& job, const T* b, const T* bias, T* c) {
  for (std::int64_t m = 0; m < job.rows; m += kTileRows) {
    ProductTile<kStart, kVectors>(job, job.a + m * job.a_row, b, bias, c + m * job.c_row);
  }
}

/// The columns of panel `panel`, at `c`.
template <Start kStart, class T>
HWY_INLINE void ProductPanel(const Product<T>& job, std::int64_t panel, T* c) {
  const std::int64_t column = panel * PanelColumns<T>();
  const std::int64_t vectors = (job.columns - column) / Lanes<T>();
  const T* b = job.b + panel * job.b_panel;
  const T* bias = kStart == Start::kRow ? job.bias + column : nullptr;
  if (vectors >= kTileVectors) return ProductPanelOf<kStart, kTileVectors>(job, b, bias, c);
  if constexpr (kTileVectors > 3) {
    if (vectors == 3) return ProductPanelOf<kStart, 3>(job, b, bias, c);
  }
  if (vectors == 2) return ProductPanelOf<kStart, 2>(job, b, bias, c);
  ProductPanelOf<kStart, 1>(job, b, bias, c);
}

/// All of it: a panel of b stays in the cache for all rows of a.
template <Start kStart, class T>
void Multiply(const Product<T>& job) {
  for (std::int64_t panel = 0; panel * PanelColumns<T>() < job.columns; ++panel) {
    ProductPanel<kStart>(job, panel, job.c + panel * PanelColumns<T>());
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
