#include "kernels/cpu/spectrum.h"

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/scratch.h"

namespace hyena::kernels::cpu {
namespace {

/// Lags of one sign: tap `first + direction · i` is lag ±i, kept at position `to + direction · i`
/// of a tile, for i = 0 … count − 1.
struct Stretch {
  std::int64_t first, count, to, direction;

  Stretch behind(std::int64_t done) const {
    return {first + direction * done, count - done, to + direction * done, direction};
  }
  Stretch first_of(std::int64_t some) const { return {first, some, to, direction}; }
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

/// Taps of the lanes of one group, [ring][lanes], and of so many lanes; the rest is left alone.
/// `Taps` is ConstTaps or Taps, `pair(tap, value)` copies one way or the other.
template <class T, class TapsOrConst, class Tile, class F>
void each_tap(const TapsOrConst& h, const Stretch& s, std::int64_t first_channel, std::int64_t used,
              std::int64_t lanes, Tile* tile, F&& pair) {
  using Tap = std::conditional_t<std::is_const_v<Tile>, T, const T>;  // the other one is written
  auto* data = static_cast<Tap*>(h.data);
  const auto row = [&](std::int64_t lane) {
    return data + (first_channel + lane) % h.rows * h.channel;
  };
  if (h.channel == 1 && first_channel % h.rows + used <= h.rows) {  // channels are neighbours
    for (std::int64_t i = 0; i < s.count; ++i) {
      Tap* taps = row(0) + (s.first + s.direction * i) * h.tap;
      Tile* place = tile + (s.to + s.direction * i) * lanes;
      for (std::int64_t lane = 0; lane < used; ++lane) pair(taps[lane], place[lane]);
    }
    return;
  }
  constexpr std::int64_t kBlock = 16;  // either order of the taps in memory reads whole cache lines
  for (std::int64_t begin = 0; begin < s.count; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, s.count);
    for (std::int64_t lane = 0; lane < used; ++lane) {
      Tap* taps = row(lane);
      for (std::int64_t i = begin; i < end; ++i) {
        pair(taps[(s.first + s.direction * i) * h.tap],
             tile[(s.to + s.direction * i) * lanes + lane]);
      }
    }
  }
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HYENA_HAS_SHUFFLE 1
#endif
#endif
#if defined(HYENA_HAS_SHUFFLE)
/// Four neighbouring taps of four rows become four lanes at four positions, or back.
using Quad [[gnu::vector_size(16), gnu::aligned(4), gnu::may_alias]] = float;

inline void transpose(const float* from, std::int64_t from_stride, float* to,
                      std::int64_t to_stride) {
  const auto load = [&](std::int64_t i) {
    return *reinterpret_cast<const Quad*>(from + i * from_stride);
  };
  const Quad a = load(0), b = load(1), c = load(2), d = load(3);
  const Quad ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Quad ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Quad cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const auto store = [&](std::int64_t i, Quad x) {
    *reinterpret_cast<Quad*>(to + i * to_stride) = x;
  };
  store(0, __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5));
  store(1, __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7));
  store(2, __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5));
  store(3, __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7));
}
#endif

/// Lags forward of whole vectors of channels with rows of their own, positions neighbours: in
/// squares of four. Returns how many were copied.
template <class T, class TapsOrConst, class Tile>
std::int64_t copy_squares(const TapsOrConst& h, const Stretch& s, std::int64_t first_channel,
                          std::int64_t used, std::int64_t lanes, Tile* tile) {
#if defined(HYENA_HAS_SHUFFLE)
  if constexpr (std::is_same_v<T, float>) {
    if (h.tap != 1 || s.direction != 1 || used < lanes || lanes % 4 != 0 ||
        first_channel + used > h.rows) {
      return 0;
    }
    using Tap = std::conditional_t<std::is_const_v<Tile>, T, const T>;  // the other one is written
    auto* data = static_cast<Tap*>(h.data) + first_channel * h.channel + s.first;
    const std::int64_t count = s.count / 4 * 4;
    for (std::int64_t i = 0; i < count; i += 4) {
      for (std::int64_t lane = 0; lane < lanes; lane += 4) {
        auto* taps = data + lane * h.channel + i;
        auto* place = tile + (s.to + i) * lanes + lane;
        if constexpr (std::is_const_v<Tile>) {
          transpose(place, lanes, taps, h.channel);
        } else {
          transpose(taps, h.channel, place, lanes);
        }
      }
    }
    return count;
  }
#endif
  return 0;
}

/// work(begin, end) over [0, count): by the team where there is one.
template <class F>
void share(const Executor* team, std::int64_t count, F&& work) {
  if (team == nullptr) return work(std::int64_t{0}, count);
  team->run(count, work);
}

template <class T>
void gather(const ConstTaps& h, const Stretch& s, std::int64_t first_channel, std::int64_t used,
            std::int64_t lanes, T* tile, const Executor* team) {
  share(team, s.count, [&](std::int64_t begin, std::int64_t end) {
    const auto part = s.behind(begin).first_of(end - begin);
    const auto rest = part.behind(copy_squares<T>(h, part, first_channel, used, lanes, tile));
    each_tap<T>(h, rest, first_channel, used, lanes, tile, [](T tap, T& place) { place = tap; });
  });
}

/// The way back: taps of channels that share a row are added to, others written.
template <class T>
void scatter(bool add, const Taps& dh, const Stretch& s, std::int64_t first_channel,
             std::int64_t used, std::int64_t lanes, const T* tile, const Executor* team) {
  if (add) {
    each_tap<T>(dh, s, first_channel, used, lanes, tile, [](T& tap, T value) { tap += value; });
    return;
  }
  share(team, s.count, [&](std::int64_t begin, std::int64_t end) {
    const auto part = s.behind(begin).first_of(end - begin);
    const auto rest = part.behind(copy_squares<T>(dh, part, first_channel, used, lanes, tile));
    each_tap<T>(dh, rest, first_channel, used, lanes, tile, [](T& tap, T value) { tap = value; });
  });
}

/// Zeros where gather() writes nothing.
template <class T>
void clear_rest(const Stretch& s, std::int64_t ring, std::int64_t used, std::int64_t lanes, T* tile,
                const Executor* team) {
  const auto clear = [&](std::int64_t first, std::int64_t last) {
    share(team, last - first, [&](std::int64_t begin, std::int64_t end) {
      std::fill(tile + (first + begin) * lanes, tile + (first + end) * lanes, T{0});
    });
  };
  if (used < lanes) return clear(0, ring);
  const std::int64_t begin = s.direction > 0 ? s.to : s.to - s.count + 1;
  clear(0, begin);
  clear(begin + s.count, ring);
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
  spread(groups, length, executor, [&](std::int64_t begin, std::int64_t end, const Executor* team) {
    Scratch<T> scratch;
    const Workspace<T> work(scratch.get(2, kernels.work_size(plan, 1, false)), team);
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
        clear_rest(layout.later, plan.size, used, lanes, re, team);
      }
      gather<T>(h, layout.later, g * lanes, used, lanes, re, team);
      for (std::int64_t lane = 0; bias != nullptr && lane < used; ++lane) {
        re[layout.lag0 * lanes + lane] += bias[g * lanes + lane];
      }
      if (im != nullptr && im != re) clear_rest(layout.earlier, plan.size, used, lanes, im, team);
      if (im != nullptr) gather<T>(h, layout.earlier, g * lanes, used, lanes, im, team);
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
  const auto work_on = [&](std::int64_t begin, std::int64_t end, const Executor* team) {
    Scratch<T> scratch;
    T* re = scratch.get(0, plan.direct() ? size : lanes * plan.size);
    T* im = plan.direct()              ? re
            : layout.earlier.count > 0 ? scratch.get(1, lanes * plan.size)
                                       : nullptr;
    const Workspace<T> work(scratch.get(2, kernels.work_size(plan, 1, false)), team);
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
      const auto back = [&](const Stretch& s, const T* tile) {
        scatter<T>(shared, dh, s, g * lanes, used, lanes, tile, team);
      };
      back(layout.later, re);
      if (im != nullptr) back(layout.earlier, im);
    }
  };
  if (shared) {
    work_on(0, groups, nullptr);
  } else {
    spread(groups, length, executor, work_on);
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
