// An implicit filter over a block of positions, whose tiles stay in the nearest caches from the
// features to the taps. Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_FILTER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_FILTER_INL_H_
#undef HYENA_KERNELS_CPU_FILTER_INL_H_
#else
#define HYENA_KERNELS_CPU_FILTER_INL_H_
#endif

#include <algorithm>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/cpu/filter_block.h"
#include "kernels/cpu/product-inl.h"
#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/sine-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE std::int64_t FilterUnit() {
  return std::max<std::int64_t>(Lanes<T>(), kTileRows);
}
template <class T>
HWY_INLINE std::int64_t Padded(std::int64_t width) {
  return (width + FilterUnit<T>() - 1) / FilterUnit<T>() * FilterUnit<T>();
}
HWY_INLINE std::int64_t PaddedRows(std::int64_t count) {
  return (count + kTileRows - 1) / kTileRows * kTileRows;
}

/// Features of a block, zeros behind the last feature and position.
template <class T>
void LoadFeatures(const FilterJob<T>& job, std::int64_t first, std::int64_t count, T* x) {
  const std::int64_t row = Padded<T>(job.features);
  std::fill_n(x, PaddedRows(count) * row, T{0});
  const T* z = job.z + first * job.z_position;
  if (job.z_feature == 1) {
    for (std::int64_t p = 0; p < count; ++p) {
      std::copy_n(z + p * job.z_position, job.features, x + p * row);
    }
    return;
  }
  for (std::int64_t e = 0; e < job.features; ++e) {
    for (std::int64_t p = 0; p < count; ++p) {
      x[p * row + e] = z[p * job.z_position + e * job.z_feature];
    }
  }
}

/// y = bias + weight · x.
template <class T>
Product<T> Linear(const PackedWeight<T>& weight, const T* bias, const T* x, std::int64_t rows,
                  T* y) {
  return {.rows = rows,
          .columns = Padded<T>(weight.out),
          .depth = weight.in,
          .a = x,
          .a_row = Padded<T>(weight.in),
          .a_depth = 1,
          .b = weight.forward,
          .b_panel = weight.in * PanelColumns<T>(),
          .b_depth = PanelColumns<T>(),
          .c = y,
          .c_row = Padded<T>(weight.out),
          .bias = bias};
}
/// dx = weightᵀ · dy.
template <class T>
Product<T> InputGradient(const PackedWeight<T>& weight, const T* dy, std::int64_t rows, T* dx) {
  return {.rows = rows,
          .columns = Padded<T>(weight.in),
          .depth = weight.out,
          .a = dy,
          .a_row = Padded<T>(weight.out),
          .a_depth = 1,
          .b = weight.backward,
          .b_panel = weight.out * PanelColumns<T>(),
          .b_depth = PanelColumns<T>(),
          .c = dx,
          .c_row = Padded<T>(weight.in)};
}
/// sums += Σ dy ⊗ x over positions.
template <class T>
Product<T> WeightGradient(const PackedWeight<T>& weight, const T* dy, const T* x, std::int64_t rows,
                          T* sums) {
  return {.rows = Padded<T>(weight.out),
          .columns = Padded<T>(weight.in),
          .depth = rows,
          .a = dy,
          .a_row = 1,
          .a_depth = Padded<T>(weight.out),
          .b = x,
          .b_panel = PanelColumns<T>(),
          .b_depth = Padded<T>(weight.in),
          .c = sums + weight.sum,
          .c_row = Padded<T>(weight.in)};
}

/// x = sin(freq ⊙ u), and the cosine where it is asked for; x may be u.
template <bool kCosine, class T>
HWY_NOINLINE void SineRows(const T* u, const T* HWY_RESTRICT freq, std::int64_t rows,
                           std::int64_t row, T* x, T* cosine) {
  const Tag<T> d;
  for (std::int64_t p = 0; p < rows; ++p) {
    for (std::int64_t i = 0; i < row; i += Lanes<T>()) {
      Vector<T> s, c;
      Sine<kCosine, T>(hn::Mul(hn::LoadU(d, freq + i), hn::LoadU(d, u + p * row + i)), s, c);
      hn::StoreU(s, d, x + p * row + i);
      if constexpr (kCosine) hn::StoreU(c, d, cosine + p * row + i);
    }
  }
}

/// exp(−t · rate), finite.
template <class T>
HWY_INLINE Vector<T> Decay(T t, const T* rate) {
  const Tag<T> d;
  const auto exponent = hn::Mul(hn::Set(d, -t), hn::LoadU(d, rate));
  return hn::Exp(d, hn::Min(exponent, hn::Set(d, static_cast<T>(sizeof(T) == 4 ? 88 : 706))));
}
/// The window of one vector of channels.
template <class T>
HWY_INLINE Vector<T> Window(const FilterJob<T>& job, Vector<T> decay, std::int64_t channel) {
  return job.shift == nullptr ? decay : hn::Add(decay, hn::LoadU(Tag<T>(), job.shift + channel));
}

/// Taps of one panel, channels [channel, channel + columns), from tile to memory, windowed.
template <class T>
void StorePanel(const FilterJob<T>& job, std::int64_t first, std::int64_t count,
                std::int64_t channel, T* tile, const Taps& h, T* norms) {
  const Tag<T> d;
  const std::int64_t columns = std::min(PanelColumns<T>(), job.channels - channel);
  auto* out = static_cast<T*>(h.data) + first * h.tap + channel * h.channel;
  for (std::int64_t p = 0; p < count; ++p) {
    T* row = tile + p * PanelColumns<T>();
    auto norm = hn::Zero(d);
    for (std::int64_t i = 0; i < columns; i += Lanes<T>()) {
      auto g = hn::LoadU(d, row + i);
      if (job.t != nullptr) {
        const auto decay = Decay(job.t[first + p], job.rate + channel + i);
        g = hn::Mul(g, Window(job, decay, channel + i));
      }
      norm = hn::Add(norm, hn::Abs(g));
      if (h.channel == 1) {
        StoreRow<T>(g, out + p * h.tap + i, std::min(Lanes<T>(), columns - i));
      } else {
        hn::StoreU(g, d, row + i);
      }
    }
    if (job.normalized) {
      T* sum = norms + p * Lanes<T>();
      hn::StoreU(channel == 0 ? norm : hn::Add(norm, hn::LoadU(d, sum)), d, sum);
    }
  }
  if (h.channel == 1) return;
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t p = 0; p < count; ++p) {
      out[c * h.channel + p * h.tap] = tile[p * PanelColumns<T>() + c];
    }
  }
}

template <class T>
HWY_INLINE T SumOf(Vector<T> x) {
  const Tag<T> d;
  return hn::GetLane(hn::SumOfLanes(d, x));
}

template <class T>
std::int64_t FilterWorkSize(const FilterJob<T>& job, std::int64_t count, bool backward) {
  const std::int64_t rows = PaddedRows(count), width = Padded<T>(job.width);
  const std::int64_t features = Padded<T>(job.features), widest = std::max(width, features);
  const auto layers = static_cast<std::int64_t>(job.layers.size());
  const std::int64_t row =
      backward ? features + 3 * layers * width + 2 * widest + 2 * Padded<T>(job.channels)
               : 2 * widest + PanelColumns<T>() + Lanes<T>();
  return rows * row;
}

template <class T>
void FilterForward(const FilterJob<T>& job, std::int64_t first, std::int64_t count, const Taps& h,
                   T* work) {
  const Tag<T> d;
  const std::int64_t rows = PaddedRows(count), width = Padded<T>(job.width);
  const std::int64_t widest = std::max(width, Padded<T>(job.features));
  T *x = work, *y = x + rows * widest, *tile = y + rows * widest;
  T* norms = tile + rows * PanelColumns<T>();
  LoadFeatures(job, first, count, x);
  for (const PackedSineLayer<T>& layer : job.layers) {
    Multiply<Start::kRow>(Linear(layer.weight, layer.bias, x, rows, y));
    SineRows<false, T>(y, layer.freq, rows, width, y, nullptr);
    std::swap(x, y);
  }
  auto last = Linear<T>(job.last, nullptr, x, rows, tile);
  last.c_row = PanelColumns<T>();
  for (std::int64_t panel = 0; panel * PanelColumns<T>() < job.channels; ++panel) {
    ProductPanel<Start::kZero>(last, panel, tile);
    StorePanel(job, first, count, panel * PanelColumns<T>(), tile, h, norms);
  }
  for (std::int64_t p = 0; job.normalized && p < count; ++p) {
    auto* row = static_cast<T*>(h.data) + (first + p) * h.tap;
    const T norm = SumOf<T>(hn::LoadU(d, norms + p * Lanes<T>()));
    for (std::int64_t c = 0; c < job.channels; ++c) row[c * h.channel] /= norm;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
