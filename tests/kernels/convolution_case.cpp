#include "tests/kernels/convolution_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>

#include "kernels/reference/fftconv.h"
#include "tests/kernels/numbers.h"

namespace hyena::kernels {
namespace {

constexpr std::int64_t kFullSums = 4096, kPlaces = 256;
constexpr std::int64_t kGap = 5;  // elements between the rows of a tensor

/// A (B, L, D) tensor in the memory a kernel sees, with gaps between its rows.
class Tensor {
 public:
  Tensor(const ConvolutionCase& c, Type type)
      : type_(type), batch_(c.batch), length_(c.length), channels_(c.channels) {
    bytes_.assign(static_cast<std::size_t>(batch_ * length_ * row() * size()), 0xFF);
  }
  static Tensor random(const ConvolutionCase& c, std::mt19937_64& draw) {
    Tensor t(c, c.type);
    std::normal_distribution<double> normal;
    for (std::int64_t b = 0; b < t.batch_; ++b) {
      for (std::int64_t i = 0; i < t.length_ * t.channels_; ++i) {
        t.set(b, i / t.channels_, i % t.channels_, normal(draw));
      }
    }
    return t;
  }

  Rows rows() { return {bytes_.data(), length_ * row(), row()}; }
  ConstRows rows() const { return {bytes_.data(), length_ * row(), row()}; }

  double at(std::int64_t b, std::int64_t t, std::int64_t d) const {
    const auto* p = bytes_.data() + place(b, t, d);
    switch (type_) {
      case Type::kFloat64:
        return read<double>(p);
      case Type::kFloat32:
        return read<float>(p);
      case Type::kBFloat16:
        return double{read<BFloat16>(p)};
      default:
        return double{read<Half>(p)};
    }
  }
  void set(std::int64_t b, std::int64_t t, std::int64_t d, double x) {
    auto* p = bytes_.data() + place(b, t, d);
    switch (type_) {
      case Type::kFloat64:
        return write(p, x);
      case Type::kFloat32:
        return write(p, static_cast<float>(x));
      case Type::kBFloat16:
        return write(p, BFloat16(x));
      default:
        return write(p, Half(x));
    }
  }
  /// Channel d of signal b, to be indexed by position.
  std::vector<double> column(std::int64_t b, std::int64_t d) const {
    std::vector<double> out(static_cast<std::size_t>(length_));
    for (std::int64_t t = 0; t < length_; ++t) out[static_cast<std::size_t>(t)] = at(b, t, d);
    return out;
  }
  void check_gaps() const {
    for (std::int64_t i = 0; i < batch_ * length_; ++i) {
      for (std::int64_t g = channels_ * size(); g < row() * size(); ++g) {
        if (bytes_[static_cast<std::size_t>(i * row() * size() + g)] != 0xFF) {
          throw std::logic_error("a kernel wrote behind the channels of a row");
        }
      }
    }
  }

 private:
  template <class T>
  static T read(const unsigned char* p) {
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
  }
  template <class T>
  static void write(unsigned char* p, T x) {
    std::memcpy(p, &x, sizeof x);
  }
  std::int64_t row() const { return channels_ + kGap; }
  std::int64_t size() const {
    return type_ == Type::kFloat64 ? 8 : type_ == Type::kFloat32 ? 4 : 2;
  }
  std::size_t place(std::int64_t b, std::int64_t t, std::int64_t d) const {
    return static_cast<std::size_t>(((b * length_ + t) * row() + d) * size());
  }

  Type type_;
  std::int64_t batch_, length_, channels_;
  std::vector<unsigned char> bytes_;
};

/// Squares of differences and of what was expected.
struct Tally {
  double wrong = 0, whole = 0;
  void add(double actual, double expected) { add(actual, expected, expected); }
  void add(double actual, double expected, double scale) {
    wrong += (actual - expected) * (actual - expected);
    whole += scale * scale;
  }
  void add(const Tally& other) {
    wrong += other.wrong;
    whole += other.whole;
  }
  double error() const { return whole > 0 ? std::sqrt(wrong / whole) : std::sqrt(wrong); }
};

struct Tallies {
  Tally y, dq, dk, dv, dh, db;
};

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out(a.size());
  std::transform(a.begin(), a.end(), b.begin(), out.begin(), std::multiplies<>());
  return out;
}

/// All of `count` positions where the signal is short, else some.
std::vector<std::int64_t> places(std::int64_t count, bool all, std::mt19937_64& draw) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < (all ? count : kPlaces); ++i) {
    out.push_back(all ? i : static_cast<std::int64_t>(draw() % count));
  }
  return out;
}

/// The rows of taps that are compared: all, or of many on long signals some, the last among them.
std::vector<std::int64_t> compared_rows(std::int64_t rows, bool some, std::mt19937_64& draw) {
  std::vector<std::int64_t> out;
  for (std::int64_t g = 0; g < rows; ++g) {
    if (!some || g + 1 == rows || draw() % 32 == 0) out.push_back(g);
  }
  return out;
}

}  // namespace

std::string ConvolutionCase::name() const {
  const char* types[] = {"f32", "f64", "bf16", "f16"};
  return "B" + std::to_string(batch) + "_L" + std::to_string(length) + "_D" +
         std::to_string(channels) + (rows ? "_G" + std::to_string(rows) : "") +
         (taps ? "_K" + std::to_string(taps) : "") + (centred ? "_centred" : "_causal") +
         (gated ? "" : "_plain") + (bias ? "" : "_nobias") + "_" + types[static_cast<int>(type)];
}

ConvolutionErrors errors_of(const ConvolutionCase& c, const Executor& executor) {
  std::mt19937_64 draw(c.seed);
  const bool wide = c.type == Type::kFloat64;
  const auto q = Tensor::random(c, draw), k = Tensor::random(c, draw);
  const auto v = Tensor::random(c, draw), dy = Tensor::random(c, draw);
  Tensor y(c, c.type), dq(c, c.type), dk(c, c.type), dv(c, c.type);

  const std::int64_t rows = c.rows ? c.rows : c.channels;
  const std::int64_t count = c.taps ? c.taps : c.centred ? 2 * c.length - 1 : c.length;
  const std::int64_t centre = c.centred ? count / 2 : 0;
  std::vector<double> h(static_cast<std::size_t>(rows * count)), bias(c.channels),
      dh(h.size(), NAN), dbias(bias.size(), NAN);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const auto lag = std::abs(static_cast<double>(static_cast<std::int64_t>(i) % count - centre));
    h[i] = normal(draw) * std::exp(-2.0 * lag / static_cast<double>(c.length));
  }
  for (double& b : bias) b = normal(draw);
  std::vector<float> h32(h.begin(), h.end()), bias32(bias.begin(), bias.end());
  std::vector<float> dh32(h.size(), NAN), dbias32(bias.size(), NAN);
  if (!wide) {
    h.assign(h32.begin(), h32.end());
    bias.assign(bias32.begin(), bias32.end());
  }

  const auto pointer = [&](std::vector<double>& a, std::vector<float>& b) -> void* {
    return wide ? static_cast<void*>(a.data()) : b.data();
  };
  ConstTaps taps{pointer(h, h32), rows, count, centre, count, 1};
  FftConvGradients gradients;
  gradients.dv = dv.rows();
  gradients.dh = {pointer(dh, dh32), rows, count, centre, count, 1};
  if (c.bias) gradients.dbias = pointer(dbias, dbias32);
  ConstRows gate_q, gate_k;
  if (c.gated) {
    gate_q = std::as_const(q).rows();
    gate_k = std::as_const(k).rows();
    gradients.dq = dq.rows();
    gradients.dk = dk.rows();
  }
  const FilterSpectrum spectrum(taps, c.bias ? pointer(bias, bias32) : nullptr, c.length,
                                c.channels, c.type, executor);
  const FftConvShape shape{c.batch, c.type};
  fftconv_forward(shape, spectrum, gate_q, gate_k, v.rows(), y.rows(), executor);
  fftconv_backward(shape, spectrum, gate_q, gate_k, v.rows(), dy.rows(), gradients, executor);
  for (const Tensor* t : {&y, &dv, &dq, &dk}) t->check_gaps();
  if (!wide) {
    dh.assign(dh32.begin(), dh32.end());
    dbias.assign(dbias32.begin(), dbias32.end());
  }

  const bool all = c.length <= kFullSums;
  const auto chosen = compared_rows(rows, rows > 200 && c.length > 500, draw);
  // Rows of taps are independent: two threads share them.
  const auto compare = [&](std::size_t first, std::size_t last) {
    Tallies sum;
    std::mt19937_64 choose(c.seed + 77);
    for (std::size_t index = first; index < last; ++index) {
      const std::int64_t g = chosen[index];
      const std::span<const double> filter(h.data() + g * count, static_cast<std::size_t>(count));
      const auto tap_places = places(count, all, choose);
      std::vector<double> expected(tap_places.size(), 0.0);
      for (std::int64_t d = g; d < c.channels; d += rows) {
        const double skip = c.bias ? bias[d] : 0;
        double bias_gradient = 0, bias_terms = 0;
        for (std::int64_t b = 0; b < c.batch; ++b) {
          const auto q1 = q.column(b, d), k1 = k.column(b, d), v1 = v.column(b, d);
          const auto dy1 = dy.column(b, d);
          const auto u = c.gated ? product(k1, v1) : v1, dc = c.gated ? product(q1, dy1) : dy1;
          for (const auto t : places(c.length, all, choose)) {
            const double value = reference::output_at(u, filter, centre, t) + skip * u[t];
            sum.y.add(y.at(b, t, d), c.gated ? q1[t] * value : value);
            const double du = reference::signal_gradient_at(dc, filter, centre, t) + skip * dc[t];
            sum.dv.add(dv.at(b, t, d), c.gated ? k1[t] * du : du);
            if (!c.gated) continue;
            sum.dq.add(dq.at(b, t, d), dy1[t] * value);
            sum.dk.add(dk.at(b, t, d), v1[t] * du);
          }
          for (std::size_t i = 0; i < tap_places.size(); ++i) {
            expected[i] += reference::tap_gradient_at(dc, u, centre, tap_places[i]);
          }
          for (std::size_t t = 0; t < u.size(); ++t) {
            bias_gradient += dc[t] * u[t];
            bias_terms += std::abs(dc[t] * u[t]);
          }
        }
        if (c.bias) sum.db.add(dbias[d], bias_gradient, bias_terms);
      }
      for (std::size_t i = 0; i < tap_places.size(); ++i) {
        sum.dh.add(dh[static_cast<std::size_t>(g * count + tap_places[i])], expected[i]);
      }
    }
    return sum;
  };
  Tallies first, second;
  std::thread half([&] { first = compare(0, chosen.size() / 2); });
  second = compare(chosen.size() / 2, chosen.size());
  half.join();
  const auto error = [&](Tally Tallies::*which) {
    Tally both = first.*which;
    both.add(second.*which);
    return both.error();
  };
  return {error(&Tallies::y),  error(&Tallies::dq), error(&Tallies::dk),
          error(&Tallies::dv), error(&Tallies::dh), error(&Tallies::db)};
}

}  // namespace hyena::kernels
