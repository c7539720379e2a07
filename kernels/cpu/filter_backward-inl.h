// Gradients of an implicit filter over a block of positions. Compiled once for each instruction
// set.

#if defined(HYENA_KERNELS_CPU_FILTER_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_FILTER_BACKWARD_INL_H_
#undef HYENA_KERNELS_CPU_FILTER_BACKWARD_INL_H_
#else
#define HYENA_KERNELS_CPU_FILTER_BACKWARD_INL_H_
#endif

#include <algorithm>

#include "kernels/cpu/filter-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// The gradient of the taps of a block, zeros behind the last channel and position.
template <class T>
void LoadTaps(const FilterJob<T>& job, std::int64_t first, std::int64_t count, const ConstTaps& dh,
              T* tile) {
  const std::int64_t row = Padded<T>(job.channels);
  const T* from = static_cast<const T*>(dh.data) + first * dh.tap;
  std::fill_n(tile + count * row, (PaddedRows(count) - count) * row, T{0});
  if (dh.channel == 1) {
    for (std::int64_t p = 0; p < count; ++p) {
      std::copy_n(from + p * dh.tap, job.channels, tile + p * row);
    }
  } else {
    // Blocks of channels, so that either order in memory is read and written in whole lines.
    constexpr std::int64_t kBlock = 16;
    for (std::int64_t begin = 0; begin < job.channels; begin += kBlock) {
      for (std::int64_t p = 0; p < count; ++p) {
        for (std::int64_t c = begin; c < std::min(begin + kBlock, job.channels); ++c) {
          tile[p * row + c] = from[p * dh.tap + c * dh.channel];
        }
      }
    }
  }
  for (std::int64_t p = 0; p < count; ++p) {
    std::fill(tile + p * row + job.channels, tile + (p + 1) * row, T{0});
  }
}

/// One row of dg for the gradient dy of y = g / Σ|g|: (dy − sign(g) · Σ dy ⊙ y) / Σ|g|, where
/// g = a ⊙ window.
template <class T>
void NormalizedGradient(const FilterJob<T>& job, std::int64_t position, const T* a, T* dy) {
  const Tag<T> d;
  const auto value = [&](std::int64_t c) HYENA_INLINE_LAMBDA {
    const auto g = hn::LoadU(d, a + c);
    if (job.t == nullptr) return g;
    return hn::Mul(g, Window(job, Decay(job.t[position], job.rate + c), c));
  };
  auto norms = hn::Zero(d), products = hn::Zero(d);
  for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
    const auto g = value(c);
    norms = hn::Add(norms, hn::Abs(g));
    products = hn::MulAdd(g, hn::LoadU(d, dy + c), products);
  }
  const T norm = SumOf<T>(norms);
  const auto mean = hn::Set(d, SumOf<T>(products) / norm), scale = hn::Set(d, 1 / norm);
  for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
    const auto g = value(c);
    const auto sign = hn::And(hn::SignBit(d), g);
    const auto part = hn::IfThenZeroElse(hn::Eq(g, hn::Zero(d)), hn::Xor(mean, sign));
    hn::StoreU(hn::Mul(hn::Sub(hn::LoadU(d, dy + c), part), scale), d, dy + c);
  }
}

/// dh → the gradient of a, in place; adds to the sums of rate and shift. `a` is null where nobody
/// asks for what depends on it.
template <class T>
void WindowGradient(const FilterJob<T>& job, std::int64_t first, std::int64_t count, const T* a,
                    T* dh, T* sums) {
  const Tag<T> d;
  const std::int64_t row = Padded<T>(job.channels);
  for (std::int64_t p = 0; p < count; ++p, dh += row) {
    const T* values = a == nullptr ? nullptr : a + p * row;
    if (job.normalized) NormalizedGradient(job, first + p, values, dh);
    if (job.t == nullptr) continue;
    const T t = job.t[first + p];
    for (std::int64_t c = 0; c < job.channels; c += Lanes<T>()) {
      const auto decay = Decay(t, job.rate + c), dg = hn::LoadU(d, dh + c);
      hn::StoreU(hn::Mul(dg, Window(job, decay, c)), d, dh + c);
      if (values == nullptr) continue;
      const auto product = hn::Mul(dg, hn::LoadU(d, values + c));
      if (job.rate_sum >= 0) {
        T* sum = sums + job.rate_sum + c;
        const auto slope = hn::Mul(hn::Set(d, -t), decay);
        hn::StoreU(hn::MulAdd(product, slope, hn::LoadU(d, sum)), d, sum);
      }
      if (job.shift_sum >= 0) {
        T* sum = sums + job.shift_sum + c;
        hn::StoreU(hn::Add(product, hn::LoadU(d, sum)), d, sum);
      }
    }
  }
}

/// g: the gradient of x = sin(freq ⊙ u) → the gradient of u, in place; adds to the sums of freq and
/// bias.
template <class T>
HWY_NOINLINE void SineGradient(const PackedSineLayer<T>& layer, std::int64_t rows, const T* u,
                               const T* cosine, T* g, T* sums) {
  const Tag<T> d;
  const std::int64_t row = Padded<T>(layer.weight.out);
  for (std::int64_t i = 0; i < row; i += Lanes<T>()) {
    const auto freq = hn::LoadU(d, layer.freq + i);
    auto dfreq = hn::Zero(d), dbias = hn::Zero(d);
    for (std::int64_t at = i; at < rows * row; at += row) {
      const auto phase = hn::Mul(hn::LoadU(d, g + at), hn::LoadU(d, cosine + at));
      const auto du = hn::Mul(phase, freq);
      dfreq = hn::MulAdd(phase, hn::LoadU(d, u + at), dfreq);
      dbias = hn::Add(dbias, du);
      hn::StoreU(du, d, g + at);
    }
    const auto add = [&](Vector<T> sum, std::int64_t to) HYENA_INLINE_LAMBDA {
      if (to >= 0) hn::StoreU(hn::Add(sum, hn::LoadU(d, sums + to + i)), d, sums + to + i);
    };
    add(dfreq, layer.freq_sum);
    add(dbias, layer.bias_sum);
  }
}

template <class T>
void StoreFeatureGradients(const FilterJob<T>& job, std::int64_t first, std::int64_t count,
                           const T* dx) {
  const std::int64_t row = Padded<T>(job.features);
  T* dz = job.dz + first * job.dz_position;
  for (std::int64_t e = 0; e < job.features; ++e) {
    for (std::int64_t p = 0; p < count; ++p) {
      dz[p * job.dz_position + e * job.dz_feature] = dx[p * row + e];
    }
  }
}

template <class T>
void AddSums(const T* HWY_RESTRICT from, std::int64_t count, T* HWY_RESTRICT to) {
  const Tag<T> d;
  for (std::int64_t i = 0; i < count; i += Lanes<T>()) {
    hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
  }
}

template <class T>
void FilterBackward(const FilterJob<T>& job, std::int64_t first, std::int64_t count,
                    const ConstTaps& dh, T* sums, T* work) {
  const std::int64_t rows = PaddedRows(count), width = Padded<T>(job.width);
  const std::int64_t features = Padded<T>(job.features), channels = Padded<T>(job.channels);
  const std::int64_t hidden = rows * width, widest = rows * std::max(width, features);
  const std::size_t layers = job.layers.size();
  const auto take = [&](std::int64_t size) {
    T* tile = work;
    work += size;
    return tile;
  };
  T* z = take(rows * features);
  T* xs = take(static_cast<std::int64_t>(layers) * hidden);  // behind each layer's sine
  T* us = take(static_cast<std::int64_t>(layers) * hidden);  // before it
  T* cosines = take(static_cast<std::int64_t>(layers) * hidden);
  T *da = take(rows * channels), *a = take(rows * channels);
  T *g = take(widest), *next = take(widest);
  const auto input = [&](std::size_t i) { return i == 0 ? z : xs + (i - 1) * hidden; };

  LoadFeatures(job, first, count, z);
  for (std::size_t i = 0; i < layers; ++i) {
    const auto& layer = job.layers[i];
    T* u = us + i * hidden;
    Multiply<Start::kRow>(Linear(layer.weight, layer.bias, input(i), rows, u));
    SineRows<true>(u, layer.freq, rows, width, xs + i * hidden, cosines + i * hidden);
  }
  const bool needs_values = job.normalized || job.rate_sum >= 0 || job.shift_sum >= 0;
  if (needs_values) Multiply<Start::kZero>(Linear<T>(job.last, nullptr, input(layers), rows, a));

  LoadTaps(job, first, count, dh, da);
  WindowGradient(job, first, count, needs_values ? a : nullptr, da, sums);
  if (job.last.sum >= 0) {
    Multiply<Start::kSum>(WeightGradient(job.last, da, input(layers), rows, sums));
  }
  Multiply<Start::kZero>(InputGradient(job.last, da, rows, g));
  for (std::size_t i = layers; i-- > 0;) {
    const auto& layer = job.layers[i];
    SineGradient(layer, rows, us + i * hidden, cosines + i * hidden, g, sums);
    if (layer.weight.sum >= 0) {
      Multiply<Start::kSum>(WeightGradient(layer.weight, g, input(i), rows, sums));
    }
    if (i == 0 && job.dz == nullptr) return;
    Multiply<Start::kZero>(InputGradient(layer.weight, g, rows, next));
    std::swap(g, next);
  }
  StoreFeatureGradients(job, first, count, g);
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
