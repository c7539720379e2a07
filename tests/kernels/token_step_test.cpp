#include "kernels/token_step.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace hyena::kernels {
namespace {

template <class T>
std::vector<T> random_numbers(std::int64_t count, unsigned seed, T scale = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<T> normal;
  std::vector<T> out(static_cast<std::size_t>(count));
  for (T& x : out) x = scale * normal(generator);
  return out;
}

template <class T>
void expect_close(const std::vector<T>& y, const std::vector<double>& exact, const char* what) {
  ASSERT_EQ(y.size(), exact.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    difference += (y[i] - exact[i]) * (y[i] - exact[i]);
    size += exact[i] * exact[i];
  }
  EXPECT_LE(std::sqrt(difference / size), sizeof(T) == 8 ? 1e-14 : 1e-6) << what;
}

/// Four pieces at a time, in order: to see that pieces are independent.
class Pieces final : public Executor {
 public:
  std::int64_t threads() const override { return 4; }
  void run(std::int64_t count,
           const std::function<void(std::int64_t, std::int64_t)>& work) const override {
    for (std::int64_t i = 3; i >= 0; --i) work(i * count / 4, (i + 1) * count / 4);
  }
};

template <class T>
class TokenStep : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(TokenStep, Types);

TYPED_TEST(TokenStep, Products) {
  using T = TypeParam;
  for (const auto& [out, in] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 1}, {3, 7}, {16, 5}, {128, 64}, {131, 33}, {300, 129}, {1024, 257}}) {
    for (const std::int64_t rows : {1, 2, 3, 7}) {
      for (const bool biased : {false, true}) {
        const auto w = random_numbers<T>(out * in, 1), b = random_numbers<T>(out, 2);
        const auto x = random_numbers<T>(rows * in, 3);
        const PackedMatrix<T> matrix(w.data(), biased ? b.data() : nullptr, out, in);
        std::vector<T> y(static_cast<std::size_t>(rows * out)), z(y.size());
        matrix.multiply(x.data(), rows, y.data());
        matrix.multiply(x.data(), rows, z.data(), Pieces());
        EXPECT_EQ(y, z);
        std::vector<double> exact;
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t o = 0; o < out; ++o) {
            double sum = biased ? b[static_cast<std::size_t>(o)] : 0;
            for (std::int64_t i = 0; i < in; ++i) {
              sum += static_cast<double>(w[static_cast<std::size_t>(o * in + i)]) *
                     x[static_cast<std::size_t>(r * in + i)];
            }
            exact.push_back(sum);
          }
        }
        expect_close(y, exact, "product");
      }
    }
  }
}

TYPED_TEST(TokenStep, Norms) {
  using T = TypeParam;
  for (const std::int64_t width : {1, 5, 64, 100}) {
    const auto x = random_numbers<T>(2 * width, 4, T(3)), w = random_numbers<T>(width, 5);
    const auto b = random_numbers<T>(width, 6);
    for (const bool affine : {false, true}) {
      std::vector<T> y(x.size());
      layer_norm<T>(x.data(), 2, width, affine ? w.data() : nullptr, affine ? b.data() : nullptr,
                    1e-2, y.data());
      std::vector<double> exact;
      for (std::size_t r = 0; r < 2; ++r) {
        const T* row = x.data() + static_cast<std::int64_t>(r) * width;
        double mean = 0, variance = 0;
        for (std::int64_t i = 0; i < width; ++i) mean += row[i] / static_cast<double>(width);
        for (std::int64_t i = 0; i < width; ++i) {
          variance += (row[i] - mean) * (row[i] - mean) / static_cast<double>(width);
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(width); ++i) {
          const double normed = (row[i] - mean) / std::sqrt(variance + 1e-2);
          exact.push_back(affine ? normed * w[i] + b[i] : normed);
        }
      }
      if (width > 1 || affine) expect_close(y, exact, "norm");
    }
  }
}

TYPED_TEST(TokenStep, Activations) {
  using T = TypeParam;
  const auto x = random_numbers<T>(101, 7, T(3));
  const auto check = [&](Activation activation, double (*f)(double), const char* name) {
    auto y = x;
    activate<T>(activation, static_cast<std::int64_t>(y.size()), y.data());
    std::vector<double> exact;
    for (const T v : x) exact.push_back(f(v));
    expect_close(y, exact, name);
  };
  check(
      Activation::kNone, [](double v) { return v; }, "none");
  check(
      Activation::kRelu, [](double v) { return std::max(v, 0.0); }, "relu");
  check(
      Activation::kGelu, [](double v) { return v / 2 * (1 + std::erf(v / std::sqrt(2))); }, "gelu");
  check(
      Activation::kGeluTanh,
      [](double v) {
        return v / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
      },
      "gelu_tanh");
  check(
      Activation::kSilu, [](double v) { return v / (1 + std::exp(-v)); }, "silu");
  check(
      Activation::kSin, [](double v) { return std::sin(v); }, "sin");
  std::vector<T> large = {T(-1000), T(1000), T(0)};
  activate<T>(Activation::kGeluTanh, 3, large.data());
  EXPECT_EQ(large, (std::vector<T>{0, 1000, 0}));
}

TYPED_TEST(TokenStep, Attention) {
  using T = TypeParam;
  for (const std::int64_t head_dim : {1, 6, 16, 64}) {
    for (const std::int64_t positions : {1, 2, 50}) {
      constexpr std::int64_t kHeads = 3;
      const std::int64_t width = kHeads * head_dim;
      const auto q = random_numbers<T>(width, 8), k = random_numbers<T>(positions * width, 9);
      const auto v = random_numbers<T>(positions * width, 10);
      std::vector<T> y(q.size()), scores(static_cast<std::size_t>(positions));
      attend<T>(q.data(), k.data(), v.data(), positions, kHeads, head_dim, scores.data(), y.data());
      std::vector<double> exact(y.size());
      for (std::int64_t h = 0; h < kHeads; ++h) {
        std::vector<double> p;
        double sum = 0;
        for (std::int64_t t = 0; t < positions; ++t) {
          double dot = 0;
          for (std::int64_t c = h * head_dim; c < (h + 1) * head_dim; ++c) {
            dot += static_cast<double>(q[static_cast<std::size_t>(c)]) *
                   k[static_cast<std::size_t>(t * width + c)];
          }
          p.push_back(std::exp(dot / std::sqrt(head_dim)));
          sum += p.back();
        }
        for (std::int64_t t = 0; t < positions; ++t) {
          for (std::int64_t c = h * head_dim; c < (h + 1) * head_dim; ++c) {
            exact[static_cast<std::size_t>(c)] +=
                p[static_cast<std::size_t>(t)] / sum * v[static_cast<std::size_t>(t * width + c)];
          }
        }
      }
      expect_close(y, exact, "attention");
    }
  }
}

}  // namespace
}  // namespace hyena::kernels
