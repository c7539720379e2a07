#include "kernels/hyena_conv.h"

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/reference/fftconv.h"
#include "tests/kernels/number_types.h"

namespace hyena::kernels {
namespace {

struct Case {
  std::int64_t batch, length, channels, rows, taps;
  bool centred;  ///< the long filter
  Type type = Type::kFloat32;
  std::int64_t short_centre = -1;  ///< -1: causal
  std::int64_t short_taps = 3;
  bool bias = true;

  std::string name() const {
    return std::to_string(length) + " x " + std::to_string(channels) + ", " +
           std::to_string(short_taps) + " short taps" + (centred ? ", centred" : "");
  }
};

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
  explicit HyenaConvCase(const Case& c)
      : c_(c),
        row_(3 * c.channels + kGap),
        out_row_(c.channels + kGap),
        x_(random<T>(c.batch * c.length * row_)),
        dy_(random<T>(c.batch * c.length * out_row_)),
        h_(random<W>(c.rows * c.taps)),
        bias_(random<W>(c.channels)),
        weight_(random<W>(3 * c.channels * c.short_taps)),
        short_bias_(random<W>(3 * c.channels)) {}

  Results<T, W> run(const Executor& executor = {}) const {
    const T nan = static_cast<T>(NAN);
    Results<T, W> out{std::vector<T>(dy_.size(), nan),     std::vector<T>(x_.size(), nan),
                      std::vector<W>(h_.size(), NAN),      std::vector<W>(bias_.size(), NAN),
                      std::vector<W>(weight_.size(), NAN), std::vector<W>(short_bias_.size(), NAN)};
    const FilterSpectrum spectrum({h_.data(), c_.rows, c_.taps, centre(), c_.taps, 1}, bias_.data(),
                                  c_.length, c_.channels, c_.type, executor);
    const ShortFilters filters{weight_.data(), c_.bias ? short_bias_.data() : nullptr,
                               c_.short_taps, short_centre()};
    const FftConvShape shape{c_.batch, c_.type};
    const ConstRows x{x_.data(), c_.length * row_, row_},
        dy{dy_.data(), c_.length * out_row_, out_row_};
    hyena_conv_forward(shape, spectrum, filters, x,
                       Rows{out.y.data(), c_.length * out_row_, out_row_}, executor);
    hyena_conv_backward(shape, spectrum, filters, x, dy,
                        {.dx = {out.dx.data(), c_.length * row_, row_},
                         .dh = {out.dh.data(), c_.rows, c_.taps, centre(), c_.taps, 1},
                         .dbias = out.dbias.data(),
                         .dweight = out.dweight.data(),
                         .dshort_bias = out.dshort_bias.data()},
                        executor);
    return out;
  }

  /// Against direct sums in float64.
  void expect_exact(const Results<T, W>& actual, double limit, double filter_limit) const {
    std::vector<double> edh(h_.size()), edb(bias_.size()), edw(weight_.size()),
        edsb(short_bias_.size());
    Tally y, dx, dh, db, dw, dsb;
    const std::int64_t length = c_.length;
    for (std::int64_t b = 0; b < c_.batch; ++b) {
      for (std::int64_t d = 0; d < c_.channels; ++d) {
        const auto g = (d % c_.rows) * c_.taps;
        std::vector<double> taps(h_.begin() + g, h_.begin() + g + c_.taps);
        taps[centre()] += bias_[d];
        std::vector<double> s[3];
        for (int stream = 0; stream < 3; ++stream) s[stream] = filtered(b, stream, d);
        std::vector<double> u(length), c(length), dc(length), du(length), dtaps(taps.size());
        for (std::int64_t t = 0; t < length; ++t) u[t] = s[1][t] * s[2][t];
        reference::convolve(u, taps, centre(), c);
        std::vector<double> ds[3] = {u, u, u};
        for (std::int64_t t = 0; t < length; ++t) {
          const double g_out = dy_at(b, t, d);
          y.add(actual.y[out_at(b, t, d)], s[0][t] * c[t]);
          dc[t] = s[0][t] * g_out;
          ds[0][t] = c[t] * g_out;
        }
        reference::convolve_backward(u, taps, centre(), dc, du, dtaps);
        for (std::size_t a = 0; a < dtaps.size(); ++a) edh[g + a] += dtaps[a];
        edb[d] += dtaps[centre()];
        for (std::int64_t t = 0; t < length; ++t) {
          ds[1][t] = s[2][t] * du[t];
          ds[2][t] = s[1][t] * du[t];
        }
        for (int stream = 0; stream < 3; ++stream) {
          const std::int64_t channel = stream * c_.channels + d;
          std::vector<double> edx(length, 0.0);
          for (std::int64_t t = 0; t < length; ++t) {
            edsb[channel] += ds[stream][t];
            for (std::int64_t j = 0; j < c_.short_taps; ++j) {
              const std::int64_t at = t + j - short_centre();
              if (at < 0 || at >= length) continue;
              edx[at] += weight_[channel * c_.short_taps + j] * ds[stream][t];
              edw[channel * c_.short_taps + j] += x_at(b, at, channel) * ds[stream][t];
            }
          }
          for (std::int64_t t = 0; t < length; ++t) {
            dx.add(actual.dx[(b * length + t) * row_ + channel], edx[t]);
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
    for (std::int64_t p = 0; p < c_.batch * length; ++p) {
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
  std::int64_t centre() const { return c_.centred ? c_.taps / 2 : 0; }
  std::int64_t short_centre() const {
    return c_.short_centre < 0 ? c_.short_taps - 1 : c_.short_centre;
  }
  std::size_t out_at(std::int64_t b, std::int64_t t, std::int64_t d) const {
    return static_cast<std::size_t>((b * c_.length + t) * out_row_ + d);
  }
  double dy_at(std::int64_t b, std::int64_t t, std::int64_t d) const {
    return static_cast<double>(dy_[out_at(b, t, d)]);
  }
  double x_at(std::int64_t b, std::int64_t t, std::int64_t channel) const {
    return static_cast<double>(x_[static_cast<std::size_t>((b * c_.length + t) * row_ + channel)]);
  }
  std::vector<double> filtered(std::int64_t b, std::int64_t stream, std::int64_t d) const {
    const std::int64_t channel = stream * c_.channels + d;
    std::vector<double> out(c_.length, c_.bias ? static_cast<double>(short_bias_[channel]) : 0.0);
    for (std::int64_t t = 0; t < c_.length; ++t) {
      for (std::int64_t j = 0; j < c_.short_taps; ++j) {
        const std::int64_t at = t + j - short_centre();
        if (at < 0 || at >= c_.length) continue;
        out[t] += static_cast<double>(weight_[channel * c_.short_taps + j]) * x_at(b, at, channel);
      }
    }
    return out;
  }

  Case c_;
  std::mt19937_64 draw_{11};
  std::normal_distribution<double> normal_;
  std::int64_t row_, out_row_;
  std::vector<T> x_, dy_;
  std::vector<W> h_, bias_, weight_, short_bias_;
};

template <class T>
void expect_exact(const Case& c, double limit, double filter_limit) {
  const HyenaConvCase<T> one(c);
  one.expect_exact(one.run(), limit, filter_limit);
}

// Direct sums, transforms, padded lengths; channels that fill no vector, one, four at once.
TEST(HyenaConv, EqualsDirectSumsInFloat64) {
  for (const std::int64_t length : {1, 2, 7, 31, 64, 127, 196, 257, 1000}) {
    for (const std::int64_t channels : {3, 16, 33, 96}) {
      if (length * channels > 40000) continue;
      expect_exact<float>({3, length, channels, channels, length, false}, 2e-6, 1e-5);
      expect_exact<float>({2, length, channels, 1, 2 * length - 1, true, Type::kFloat32, 1}, 2e-6,
                          1e-5);
    }
  }
}

TEST(HyenaConv, EveryNumberOfShortTaps) {
  for (std::int64_t taps = 1; taps <= 16; ++taps) {
    Case c{2, 70, 20, 20, 70, false};
    c.short_taps = taps;
    for (const std::int64_t centre : {std::int64_t{0}, taps / 2, taps - 1}) {
      c.short_centre = centre;
      expect_exact<float>(c, 2e-6, 1e-5);
    }
    c.length = c.taps = 2;  // fewer positions than taps
    c.bias = false;
    expect_exact<float>(c, 2e-6, 1e-5);
  }
}

TEST(HyenaConv, OtherTypes) {
  expect_exact<double>({2, 200, 19, 19, 200, false, Type::kFloat64}, 1e-13, 1e-13);
  expect_exact<double>({2, 20, 19, 19, 39, true, Type::kFloat64, 1}, 1e-13, 1e-13);
  expect_exact<BFloat16>({2, 200, 35, 35, 200, false, Type::kBFloat16}, 4e-3, 4e-3);
  expect_exact<Half>({2, 200, 35, 35, 200, false, Type::kFloat16}, 1e-3, 1e-3);
}

/// Two threads, the second half first.
class TwoThreads final : public Executor {
 public:
  std::int64_t threads() const override { return 2; }
  void run(std::int64_t count,
           const std::function<void(std::int64_t, std::int64_t)>& work) const override {
    std::thread other([&] { work(count / 2, count); });
    work(0, count / 2);
    other.join();
  }
};

TEST(HyenaConv, TheSameBitsOnTwoThreads) {
  const HyenaConvCase<float> c({5, 130, 80, 80, 130, false});
  const auto one = c.run(), two = c.run(TwoThreads());
  // Gaps hold NaN: compared as bits.
  EXPECT_EQ(std::memcmp(one.y.data(), two.y.data(), one.y.size() * sizeof(float)), 0);
  EXPECT_EQ(std::memcmp(one.dx.data(), two.dx.data(), one.dx.size() * sizeof(float)), 0);
  EXPECT_EQ(one.dh, two.dh);
  EXPECT_EQ(one.dweight, two.dweight);
  EXPECT_EQ(one.dshort_bias, two.dshort_bias);
}

TEST(HyenaConv, RefusesWhatItCannotTake) {
  const std::vector<float> taps(8, 0.5F), weight(9 * 17, 0.25F);
  std::vector<float> x(8 * 9), y(8 * 3);
  const FilterSpectrum spectrum({taps.data(), 1, 8, 0, 8, 1}, nullptr, 8, 3, Type::kFloat32);
  const auto call = [&](const ShortFilters& filters, Type type = Type::kFloat32) {
    hyena_conv_forward({1, type}, spectrum, filters, {x.data(), 72, 9}, {y.data(), 24, 3});
  };
  EXPECT_NO_THROW(call({weight.data(), nullptr, 16, 15}));
  EXPECT_THROW(call({nullptr, nullptr, 3, 2}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 17, 16}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 3, 3}), ArgumentError);
  EXPECT_THROW(call({weight.data(), nullptr, 3, 2}, Type::kFloat64), ArgumentError);
  EXPECT_THROW(
      hyena_conv_forward({1}, spectrum, {weight.data(), nullptr, 3, 2}, {}, {y.data(), 24, 3}),
      ArgumentError);
  EXPECT_THROW(hyena_conv_backward({1}, spectrum, {weight.data(), nullptr, 3, 2}, {x.data(), 72, 9},
                                   {y.data(), 24, 3}, {}),
               ArgumentError);
}

}  // namespace
}  // namespace hyena::kernels
