#include "kernels/cpu/grid_spectrum.h"

#include <algorithm>
#include <array>

#include "kernels/cpu/scratch.h"

namespace hyena::kernels::cpu {
namespace {

/// The lags of one axis that taps and positions have in common: tap = centre + lag.
struct Lags {
  std::int64_t first, last;  ///< last is included; first > last: none
};
Lags lags_of(std::int64_t taps, std::int64_t centre, std::int64_t positions) {
  return {std::max(-centre, 1 - positions), std::min(taps - 1 - centre, positions - 1)};
}

std::int64_t wrapped(std::int64_t i, std::int64_t n) {
  return (i % n + n) % n;
}

/// Visits every (tap, lag) pair of a filter: f(tap row, tap column, lag row, lag column). Around a
/// circle every tap has up to two lags per axis: a circle is the plane with a periodic filter.
template <class Taps, class F>
void for_each_lag(const Taps& h, const Grid2d& grid, F&& f) {
  if (!grid.circular) {
    const Lags rows = lags_of(h.height, h.centre_row, grid.height);
    const Lags columns = lags_of(h.width, h.centre_column, grid.width);
    for (std::int64_t r = rows.first; r <= rows.last; ++r) {
      for (std::int64_t c = columns.first; c <= columns.last; ++c) {
        f(h.centre_row + r, h.centre_column + c, r, c);
      }
    }
    return;
  }
  for (std::int64_t a = 0; a < h.height; ++a) {
    const std::int64_t row = wrapped(a - h.centre_row, grid.height);
    for (std::int64_t e = 0; e < h.width; ++e) {
      const std::int64_t column = wrapped(e - h.centre_column, grid.width);
      for (std::int64_t r = row; r > -grid.height; r -= grid.height) {
        for (std::int64_t c = column; c > -grid.width; c -= grid.width) f(a, e, r, c);
      }
    }
  }
}

/// Where the taps of each lane begin, elements: no division for every tap.
constexpr std::size_t kMostLanes = 64;
template <class Taps>
std::array<std::int64_t, kMostLanes> lane_rows(const Taps& h, std::int64_t first,
                                               std::int64_t used) {
  std::array<std::int64_t, kMostLanes> rows{};
  for (std::int64_t lane = 0; lane < used; ++lane) {
    rows[static_cast<std::size_t>(lane)] = (first + lane) % h.rows * h.channel;
  }
  return rows;
}

/// Where a lag stands among the taps of GridKernels: real parts of lags to the right, imaginary
/// parts of lags to the left; for direct sums all in one image.
template <class T>
T* place(const GridPlan<T>& plan, std::int64_t lanes, T* re, T* im, std::int64_t r,
         std::int64_t c) {
  if (plan.direct()) {
    return re + ((r + plan.height - 1) * (2 * plan.width - 1) + c + plan.width - 1) * lanes;
  }
  const std::int64_t row = wrapped(r, plan.column->size) * plan.row->size;
  return (c >= 0 ? re + (row + c) * lanes : im + (row + plan.row->size + c) * lanes);
}

}  // namespace

template <class T>
GridSpectrumOf<T> analyse(const ConstGridTaps& h, const T* bias, const Grid2d& grid,
                          std::int64_t channels, const Executor& executor) {
  const auto& kernels = grid_kernels<T>();
  const std::int64_t lanes = kernels.lanes, groups = (channels + lanes - 1) / lanes;
  const Lags rows = lags_of(h.height, h.centre_row, grid.height);
  const std::int64_t reach =
      grid.circular ? grid.height - 1 : std::max({-rows.first, rows.last, std::int64_t{0}});
  GridSpectrumOf<T> out;
  out.plan.height = grid.height;
  out.plan.width = grid.width;
  if (!sums_pay(grid.height, grid.width, false)) {
    out.plan.row = plan_for<T>(grid.width, Ring::kRightAngle);
    out.plan.column = plan_for<T>(grid.height + reach, Ring::kOrdinary);
  }
  out.values.resize(groups * out.group_size());
  const bool direct = out.plan.direct();
  const std::int64_t points = direct ? 0 : out.plan.points();
  executor.run(groups, [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* im = scratch.get(1, lanes * points);
    T* work = scratch.get(2, kernels.work_size(out.plan, 1, false));
    const auto* data = static_cast<const T*>(h.data);
    for (std::int64_t g = begin; g < end; ++g) {
      const std::int64_t used = std::min(lanes, channels - g * lanes);
      T* values = out.values.data() + g * out.group_size();
      T* re = direct ? values : scratch.get(0, lanes * points);
      std::fill_n(re, direct ? out.group_size() : lanes * points, T{0});
      std::fill_n(im, lanes * points, T{0});
      const auto rows_of = lane_rows(h, g * lanes, used);
      for_each_lag(h, grid, [&](std::int64_t a, std::int64_t e, std::int64_t r, std::int64_t c) {
        T* to = place(out.plan, lanes, re, im, r, c);
        const T* from = data + a * h.row + e * h.tap;
        for (std::int64_t lane = 0; lane < used; ++lane) to[lane] += from[rows_of[lane]];
      });
      T* lag0 = place(out.plan, lanes, re, im, 0, 0);
      for (std::int64_t lane = 0; bias != nullptr && lane < used; ++lane) {
        lag0[lane] += bias[g * lanes + lane];
      }
      if (!direct) kernels.analyse(out.plan, {re, lanes}, {im, lanes}, work, values);
    }
  });
  return out;
}

template <class T>
void synthesise(const GridSpectrumOf<T>& spectrum, const Grid2d& grid, std::int64_t channels,
                const T* gradients, std::int64_t slices, const GridTaps& dh, T* dbias,
                const Executor& executor) {
  const auto& kernels = grid_kernels<T>();
  const std::int64_t lanes = kernels.lanes, groups = (channels + lanes - 1) / lanes;
  const bool direct = spectrum.plan.direct();
  const std::int64_t size = spectrum.group_size(), points = direct ? 0 : spectrum.plan.points();
  auto* taps = static_cast<T*>(dh.data);
  for (std::int64_t g = 0; taps != nullptr && g < dh.rows; ++g) {
    for (std::int64_t a = 0; a < dh.height; ++a) {
      for (std::int64_t e = 0; e < dh.width; ++e) {
        taps[g * dh.channel + a * dh.row + e * dh.tap] = 0;
      }
    }
  }
  const auto work_on = [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* re = scratch.get(0, direct ? size : lanes * points);
    T* im = scratch.get(1, lanes * points);
    T* work = scratch.get(2, kernels.work_size(spectrum.plan, 1, false));
    for (std::int64_t g = begin; g < end; ++g) {
      const Sum<T> sum{.data = gradients + g * size, .count = slices, .stride = groups * size};
      if (direct) {
        sum.add_up(0, size, re);
      } else {
        kernels.synthesise(spectrum.plan, sum, work, {re, lanes}, {im, lanes});
      }
      const std::int64_t used = std::min(lanes, channels - g * lanes);
      if (dbias != nullptr) {
        std::copy_n(place(spectrum.plan, lanes, re, im, 0, 0), used, dbias + g * lanes);
      }
      if (taps == nullptr) continue;
      const auto rows_of = lane_rows(dh, g * lanes, used);
      for_each_lag(dh, grid, [&](std::int64_t a, std::int64_t e, std::int64_t r, std::int64_t c) {
        const T* from = place(spectrum.plan, lanes, re, im, r, c);
        T* to = taps + a * dh.row + e * dh.tap;
        for (std::int64_t lane = 0; lane < used; ++lane) to[rows_of[lane]] += from[lane];
      });
    }
  };
  if (dh.rows != channels) {  // shared rows are added to one after another
    work_on(0, groups);
  } else {
    executor.run(groups, work_on);
  }
}

template GridSpectrumOf<float> analyse(const ConstGridTaps&, const float*, const Grid2d&,
                                       std::int64_t, const Executor&);
template GridSpectrumOf<double> analyse(const ConstGridTaps&, const double*, const Grid2d&,
                                        std::int64_t, const Executor&);
template void synthesise(const GridSpectrumOf<float>&, const Grid2d&, std::int64_t, const float*,
                         std::int64_t, const GridTaps&, float*, const Executor&);
template void synthesise(const GridSpectrumOf<double>&, const Grid2d&, std::int64_t, const double*,
                         std::int64_t, const GridTaps&, double*, const Executor&);

}  // namespace hyena::kernels::cpu
