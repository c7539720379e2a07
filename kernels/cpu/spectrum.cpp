#include "kernels/cpu/spectrum.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/scratch.h"

namespace hyena::kernels::cpu {
namespace {

/// Lags of one sign: tap `first + direction · i` is lag ±i, kept at position `to + direction · i`
/// of a tile, for i = 0 … count − 1.
struct Stretch {
  std::int64_t first, count, to, direction;
};

/// Where taps stand. A ring of n points carries lag l ≥ 0 in the real part of coefficient l, lag −m
/// in the imaginary part of coefficient n − m; direct sums have all lags in one row, lowest first.
struct Layout {
  template <class Taps>
  Layout(const Taps& h, std::int64_t length, bool direct, std::int64_t ring)
      : lag0(direct ? length - 1 : 0),
        later{.first = h.centre,
              .count = std::clamp<std::int64_t>(h.count - h.centre, 0, length),
              .to = lag0,
              .direction = 1},
        earlier{.first = h.centre - 1,
                .count = std::clamp<std::int64_t>(h.centre, 0, length - 1),
                .to = direct ? lag0 - 1 : ring - 1,
                .direction = -1} {}

  std::int64_t lag0;
  Stretch later, earlier;
};

/// Taps of the lanes of one group, [ring][lanes], in blocks so that either order of the taps in
/// memory reads whole cache lines.
template <class T>
void gather(const ConstTaps& h, const Stretch& s, std::int64_t first_channel, std::int64_t used,
            std::int64_t lanes, T* tile) {
  constexpr std::int64_t kBlock = 16;
  const auto* data = static_cast<const T*>(h.data);
  for (std::int64_t begin = 0; begin < s.count; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, s.count);
    for (std::int64_t lane = 0; lane < used; ++lane) {
      const T* row = data + (first_channel + lane) % h.rows * h.channel;
      for (std::int64_t i = begin; i < end; ++i) {
        tile[(s.to + s.direction * i) * lanes + lane] = row[(s.first + s.direction * i) * h.tap];
      }
    }
  }
}

/// Zeros where gather() writes nothing.
template <class T>
void clear_rest(const Stretch& s, std::int64_t ring, std::int64_t used, std::int64_t lanes,
                T* tile) {
  if (used < lanes) {
    std::fill_n(tile, ring * lanes, T{0});
    return;
  }
  const std::int64_t begin = s.direction > 0 ? s.to : s.to - s.count + 1;
  std::fill(tile, tile + begin * lanes, T{0});
  std::fill(tile + (begin + s.count) * lanes, tile + ring * lanes, T{0});
}

/// The way back: taps of channels that share a row are added to, others written.
template <bool kAdd, class T>
void scatter(const Taps& dh, const Stretch& s, std::int64_t first_channel, std::int64_t used,
             std::int64_t lanes, const T* tile) {
  constexpr std::int64_t kBlock = 16;
  auto* data = static_cast<T*>(dh.data);
  for (std::int64_t begin = 0; begin < s.count; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, s.count);
    for (std::int64_t lane = 0; lane < used; ++lane) {
      T* row = data + (first_channel + lane) % dh.rows * dh.channel;
      for (std::int64_t i = begin; i < end; ++i) {
        T& tap = row[(s.first + s.direction * i) * dh.tap];
        const T value = tile[(s.to + s.direction * i) * lanes + lane];
        tap = kAdd ? tap + value : value;
      }
    }
  }
}

}  // namespace

template <class T>
SpectrumOf<T> analyse(const ConstTaps& h, const T* bias, std::int64_t length, std::int64_t channels,
                      const Executor& executor) {
  const auto& kernels = group_kernels<T>();
  const std::int64_t lanes = kernels.lanes, groups = (channels + lanes - 1) / lanes;
  SpectrumOf<T> out;
  const bool causal = h.centre == 0;
  out.plan = sums_pay(1, length, causal) ? direct_plan<T>(length, causal)
                                         : plan_for<T>(length, Ring::kRightAngle);
  const Plan<T>& plan = *out.plan;
  out.values.resize(groups * out.group_size());
  const Layout layout(h, length, plan.direct(), plan.size);
  executor.run(groups, [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* work = scratch.get(2, kernels.work_size(plan, 1, false));
    for (std::int64_t g = begin; g < end; ++g) {
      const std::int64_t used = std::min(lanes, channels - g * lanes);
      T* values = out.values.data() + g * out.group_size();
      T* re = plan.direct() ? values : scratch.get(0, lanes * plan.size);
      T* im = plan.direct()              ? values
              : layout.earlier.count > 0 ? scratch.get(1, lanes * plan.size)
                                         : nullptr;
      if (plan.direct()) {
        std::fill_n(re, out.group_size(), T{0});
      } else {
        clear_rest(layout.later, plan.size, used, lanes, re);
      }
      gather<T>(h, layout.later, g * lanes, used, lanes, re);
      for (std::int64_t lane = 0; bias != nullptr && lane < used; ++lane) {
        re[layout.lag0 * lanes + lane] += bias[g * lanes + lane];
      }
      if (im != nullptr && im != re) clear_rest(layout.earlier, plan.size, used, lanes, im);
      if (im != nullptr) gather<T>(h, layout.earlier, g * lanes, used, lanes, im);
      if (!plan.direct()) kernels.analyse(plan, {re, lanes}, {im, lanes}, work, values);
    }
  });
  return out;
}

template <class T>
void synthesise(const SpectrumOf<T>& spectrum, std::int64_t channels, std::int64_t length,
                const T* gradients, std::int64_t slices, const Taps& dh, T* dbias,
                const Executor& executor) {
  const auto& kernels = group_kernels<T>();
  const Plan<T>& plan = *spectrum.plan;
  const std::int64_t lanes = kernels.lanes, groups = (channels + lanes - 1) / lanes;
  const std::int64_t size = spectrum.group_size();
  auto* taps = static_cast<T*>(dh.data);
  const Layout layout(dh, length, plan.direct(), plan.size);
  // Channels that share a row of taps add to it one after another.
  const bool shared = dh.rows != channels;
  const std::int64_t reached = shared ? 0 : dh.centre - layout.earlier.count;
  const std::int64_t reached_end = shared ? 0 : dh.centre + layout.later.count;
  for (std::int64_t g = 0; taps != nullptr && g < dh.rows; ++g) {
    const auto clear = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t a = begin; a < end; ++a) taps[g * dh.channel + a * dh.tap] = 0;
    };
    clear(0, reached);
    clear(reached_end, dh.count);
  }
  const auto work_on = [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* re = scratch.get(0, plan.direct() ? size : lanes * plan.size);
    T* im = plan.direct()              ? re
            : layout.earlier.count > 0 ? scratch.get(1, lanes * plan.size)
                                       : nullptr;
    T* work = scratch.get(2, kernels.work_size(plan, 1, false));
    for (std::int64_t g = begin; g < end; ++g) {
      const Sum<T> sum{.data = gradients + g * size, .count = slices, .stride = groups * size};
      if (plan.direct()) {
        sum.add_up(plan.causal ? layout.lag0 * lanes : 0, size, re);
      } else {
        kernels.synthesise(plan, sum, work, {re, lanes}, {im, lanes});
      }
      const std::int64_t used = std::min(lanes, channels - g * lanes);
      if (dbias != nullptr) std::copy_n(re + layout.lag0 * lanes, used, dbias + g * lanes);
      if (taps == nullptr) continue;
      const auto back = shared ? scatter<true, T> : scatter<false, T>;
      back(dh, layout.later, g * lanes, used, lanes, re);
      if (im != nullptr) back(dh, layout.earlier, g * lanes, used, lanes, im);
    }
  };
  if (shared) {
    work_on(0, groups);
  } else {
    executor.run(groups, work_on);
  }
}

template SpectrumOf<float> analyse(const ConstTaps&, const float*, std::int64_t, std::int64_t,
                                   const Executor&);
template SpectrumOf<double> analyse(const ConstTaps&, const double*, std::int64_t, std::int64_t,
                                    const Executor&);
template void synthesise(const SpectrumOf<float>&, std::int64_t, std::int64_t, const float*,
                         std::int64_t, const Taps&, float*, const Executor&);
template void synthesise(const SpectrumOf<double>&, std::int64_t, std::int64_t, const double*,
                         std::int64_t, const Taps&, double*, const Executor&);

}  // namespace hyena::kernels::cpu
