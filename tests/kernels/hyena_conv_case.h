#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/hyena_conv.h"
#include "tests/kernels/number_types.h"

/// A call of the fused step on random tensors with gaps, and its exact results.
namespace hyena::kernels {

/// Lines are grids of height 1.
struct HyenaConvShape {
  std::int64_t batch, height, width, channels, rows;
  std::int64_t tap_rows, taps;
  bool centred;  ///< the long filter
  Type type = Type::kFloat32;
  std::int64_t short_rows = 1, short_taps = 3;
  std::int64_t short_centre = -1;  ///< -1: causal
  std::int64_t gate = 0;
  bool bias = true;

  std::int64_t positions() const { return height * width; }
  std::int64_t centre_row() const { return centred ? tap_rows / 2 : 0; }
  std::int64_t centre() const { return centred ? taps / 2 : 0; }
  std::int64_t short_size() const { return short_rows * short_taps; }
  std::int64_t short_centre_row() const { return short_rows / 2; }
  std::int64_t short_centre_column() const {
    return short_centre < 0 ? short_taps - 1 : short_centre;
  }
  std::string name() const {
    return std::to_string(height) + " x " + std::to_string(width) + " x " +
           std::to_string(channels) + ", " + std::to_string(short_rows) + " x " +
           std::to_string(short_taps) + " short taps" + (centred ? ", centred" : "");
  }
};

inline HyenaConvShape line(std::int64_t batch, std::int64_t length, std::int64_t channels,
                           bool centred = false) {
  return {.batch = batch,
          .height = 1,
          .width = length,
          .channels = channels,
          .rows = centred ? 1 : channels,
          .tap_rows = 1,
          .taps = centred ? 2 * length - 1 : length,
          .centred = centred,
          .short_centre = centred ? 1 : -1};
}
inline HyenaConvShape grid(std::int64_t batch, std::int64_t height, std::int64_t width,
                           std::int64_t channels, std::int64_t side) {
  return {.batch = batch,
          .height = height,
          .width = width,
          .channels = channels,
          .rows = channels,
          .tap_rows = 2 * height - 1,
          .taps = 2 * width - 1,
          .centred = true,
          .short_rows = side,
          .short_taps = side,
          .short_centre = side / 2,
          .gate = 2};
}

struct Tally {
  double wrong = 0, whole = 0;
  void add(double actual, double expected) {
    wrong += (actual - expected) * (actual - expected);
    whole += expected * expected;
  }
  double error() const { return std::sqrt(wrong / whole); }
};

/// What the kernel wrote, in memory with gaps.
template <class T, class W>
struct Results {
  std::vector<T> y, dx;
  std::vector<W> dh, dbias, dweight, dshort_bias;
};

template <class T>
class HyenaConvCase {
 public:
  using W = FilterType<T>;
  explicit HyenaConvCase(const HyenaConvShape& c)
      : c_(c),
        row_(3 * c.channels + kGap),
        out_row_(c.channels + kGap),
        x_(random<T>(c.batch * c.positions() * row_)),
        dy_(random<T>(c.batch * c.positions() * out_row_)),
        h_(random<W>(c.rows * c.tap_rows * c.taps)),
        bias_(random<W>(c.channels)),
        weight_(random<W>(3 * c.channels * c.short_size())),
        short_bias_(random<W>(3 * c.channels)) {}

  Results<T, W> run(const Executor& executor = {}) const {
    if (c_.height == 1) {
      const auto taps = [&](auto* data) {
        using Pointer = std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(data)>>,
                                           const void*, void*>;
        return TapsOf<Pointer>{data, c_.rows, c_.taps, c_.centre(), c_.taps, 1};
      };
      return run(
          FilterSpectrum(taps(h_.data()), bias_.data(), c_.width, c_.channels, c_.type, executor),
          taps, executor);
    }
    const auto taps = [&](auto* data) {
      using Pointer = std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(data)>>,
                                         const void*, void*>;
      return GridTapsOf<Pointer>{data,
                                 c_.rows,
                                 c_.tap_rows,
                                 c_.taps,
                                 c_.centre_row(),
                                 c_.centre(),
                                 c_.tap_rows * c_.taps,
                                 c_.taps,
                                 1};
    };
    return run(FilterSpectrum2d(taps(h_.data()), bias_.data(), {c_.height, c_.width, false},
                                c_.channels, c_.type, executor),
               taps, executor);
  }

  /// Against direct sums in float64.
  void expect_exact(const Results<T, W>& actual, double limit, double filter_limit) const {
    std::vector<double> edh(h_.size()), edb(bias_.size()), edw(weight_.size()),
        edsb(short_bias_.size());
    Tally y, dx, dh, db, dw, dsb;
    const std::int64_t size = c_.positions(), filter_size = c_.tap_rows * c_.taps;
    const std::int64_t skip = c_.centre_row() * c_.taps + c_.centre();
    const std::int64_t gate = c_.gate, key = gate == 0 ? 1 : 0, value = gate == 2 ? 1 : 2;
    for (std::int64_t b = 0; b < c_.batch; ++b) {
      for (std::int64_t d = 0; d < c_.channels; ++d) {
        const std::int64_t g = (d % c_.rows) * filter_size;
        std::vector<double> taps(h_.begin() + g, h_.begin() + g + filter_size);
        taps[skip] += bias_[d];
        std::vector<double> s[3], ds[3];
        for (int stream = 0; stream < 3; ++stream) {
          s[stream] = filtered(b, stream, d);
          ds[stream].resize(size);
        }
        std::vector<double> u(size), c(size, 0.0), dc(size), du(size, 0.0), dtaps(taps.size(), 0.0);
        for (std::int64_t t = 0; t < size; ++t) {
          u[t] = s[key][t] * s[value][t];
          dc[t] = s[gate][t] * dy_at(b, t, d);
        }
        each_pair(
            c_.centre_row(), c_.centre(), c_.tap_rows, c_.taps,
            [&](std::int64_t t, std::int64_t at, std::int64_t tap) {
              c[t] += taps[tap] * u[at];
              du[at] += taps[tap] * dc[t];
              dtaps[tap] += u[at] * dc[t];
            },
            -1);
        for (std::size_t a = 0; a < dtaps.size(); ++a) edh[g + a] += dtaps[a];
        edb[d] += dtaps[skip];
        for (std::int64_t t = 0; t < size; ++t) {
          y.add(actual.y[out_at(b, t, d)], s[gate][t] * c[t]);
          ds[gate][t] = c[t] * dy_at(b, t, d);
          ds[key][t] = s[value][t] * du[t];
          ds[value][t] = s[key][t] * du[t];
        }
        for (int stream = 0; stream < 3; ++stream) {
          const std::int64_t channel = stream * c_.channels + d, w = channel * c_.short_size();
          std::vector<double> edx(size, 0.0);
          for (const double g_out : ds[stream]) edsb[channel] += g_out;
          each_short_pair([&](std::int64_t t, std::int64_t at, std::int64_t tap) {
            edx[at] += weight_[w + tap] * ds[stream][t];
            edw[w + tap] += x_at(b, at, channel) * ds[stream][t];
          });
          for (std::int64_t t = 0; t < size; ++t) {
            dx.add(actual.dx[(b * size + t) * row_ + channel], edx[t]);
          }
        }
      }
    }
    for (std::size_t i = 0; i < edh.size(); ++i) dh.add(actual.dh[i], edh[i]);
    for (std::size_t i = 0; i < edb.size(); ++i) db.add(actual.dbias[i], edb[i]);
    for (std::size_t i = 0; i < edw.size(); ++i) dw.add(actual.dweight[i], edw[i]);
    for (std::size_t i = 0; i < edsb.size(); ++i) dsb.add(actual.dshort_bias[i], edsb[i]);
    EXPECT_LT(y.error(), limit) << c_.name();
    EXPECT_LT(dx.error(), limit) << c_.name();
    EXPECT_LT(dh.error(), filter_limit) << c_.name();
    EXPECT_LT(db.error(), filter_limit) << c_.name();
    EXPECT_LT(dw.error(), filter_limit) << c_.name();
    EXPECT_LT(dsb.error(), filter_limit) << c_.name();
    for (std::int64_t p = 0; p < c_.batch * size; ++p) {
      for (std::int64_t i = 0; i < kGap; ++i) {
        ASSERT_TRUE(std::isnan(static_cast<double>(actual.y[p * out_row_ + c_.channels + i])) &&
                    std::isnan(static_cast<double>(actual.dx[p * row_ + 3 * c_.channels + i])))
            << "written behind a row, " << c_.name();
      }
    }
  }

 private:
  static constexpr std::int64_t kGap = 5;

  template <class V>
  std::vector<V> random(std::int64_t count) {
    std::vector<V> out(static_cast<std::size_t>(count));
    for (auto& x : out) x = static_cast<V>(normal_(draw_));
    return out;
  }

  template <class Spectrum, class MakeTaps>
  Results<T, W> run(const Spectrum& spectrum, const MakeTaps& taps,
                    const Executor& executor) const {
    const T nan = static_cast<T>(NAN);
    Results<T, W> out{std::vector<T>(dy_.size(), nan),     std::vector<T>(x_.size(), nan),
                      std::vector<W>(h_.size(), NAN),      std::vector<W>(bias_.size(), NAN),
                      std::vector<W>(weight_.size(), NAN), std::vector<W>(short_bias_.size(), NAN)};
    const ShortFilters filters{.weight = weight_.data(),
                               .bias = c_.bias ? short_bias_.data() : nullptr,
                               .height = c_.short_rows,
                               .width = c_.short_taps,
                               .centre_row = c_.short_centre_row(),
                               .centre_column = c_.short_centre_column(),
                               .gate = c_.gate};
    const FftConvShape shape{c_.batch, c_.type};
    const std::int64_t in = c_.positions() * row_, step = c_.positions() * out_row_;
    const ConstRows x{x_.data(), in, row_}, dy{dy_.data(), step, out_row_};
    hyena_conv_forward(shape, spectrum, filters, x, Rows{out.y.data(), step, out_row_}, executor);
    hyena_conv_backward(shape, spectrum, filters, x, dy, taps(out.dh.data()),
                        {.dx = {out.dx.data(), in, row_},
                         .dbias = out.dbias.data(),
                         .dweight = out.dweight.data(),
                         .dshort_bias = out.dshort_bias.data()},
                        executor);
    return out;
  }

  /// f(output, input, tap) for every pair that meets: input = output + sign · (tap − centre).
  template <class F>
  void each_pair(std::int64_t centre_row, std::int64_t centre, std::int64_t rows, std::int64_t taps,
                 F&& f, std::int64_t sign) const {
    for (std::int64_t i = 0; i < c_.height; ++i) {
      for (std::int64_t j = 0; j < c_.width; ++j) {
        for (std::int64_t a = 0; a < rows; ++a) {
          const std::int64_t row = i + sign * (a - centre_row);
          if (row < 0 || row >= c_.height) continue;
          for (std::int64_t e = 0; e < taps; ++e) {
            const std::int64_t column = j + sign * (e - centre);
            if (column < 0 || column >= c_.width) continue;
            f(i * c_.width + j, row * c_.width + column, a * taps + e);
          }
        }
      }
    }
  }
  template <class F>
  void each_short_pair(F&& f) const {
    each_pair(c_.short_centre_row(), c_.short_centre_column(), c_.short_rows, c_.short_taps,
              std::forward<F>(f), 1);
  }

  std::size_t out_at(std::int64_t b, std::int64_t t, std::int64_t d) const {
    return static_cast<std::size_t>((b * c_.positions() + t) * out_row_ + d);
  }
  double dy_at(std::int64_t b, std::int64_t t, std::int64_t d) const {
    return static_cast<double>(dy_[out_at(b, t, d)]);
  }
  double x_at(std::int64_t b, std::int64_t t, std::int64_t channel) const {
    return static_cast<double>(
        x_[static_cast<std::size_t>((b * c_.positions() + t) * row_ + channel)]);
  }
  std::vector<double> filtered(std::int64_t b, std::int64_t stream, std::int64_t d) const {
    const std::int64_t channel = stream * c_.channels + d;
    std::vector<double> out(c_.positions(),
                            c_.bias ? static_cast<double>(short_bias_[channel]) : 0.0);
    each_short_pair([&](std::int64_t t, std::int64_t at, std::int64_t tap) {
      out[t] +=
          static_cast<double>(weight_[channel * c_.short_size() + tap]) * x_at(b, at, channel);
    });
    return out;
  }

  HyenaConvShape c_;
  std::mt19937_64 draw_{11};
  std::normal_distribution<double> normal_;
  std::int64_t row_, out_row_;
  std::vector<T> x_, dy_;
  std::vector<W> h_, bias_, weight_, short_bias_;
};

}  // namespace hyena::kernels
