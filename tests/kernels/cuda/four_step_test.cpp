#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cuda/four_step_plan.h"
#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/cuda/method_case.h"

namespace hyena::kernels::cuda {
namespace {

MethodCase of(std::int64_t length, bool causal, std::int64_t batch = 1, std::int64_t channels = 1) {
  MethodCase c;
  c.method = "four_step";
  c.width = length;
  c.causal = causal;
  c.batch = batch;
  c.channels = channels;
  c.seed = static_cast<std::uint64_t>(length + batch);
  return c;
}

TEST(FourStep, Lengths) {
  bool causal = true;
  for (const std::int64_t length : {4097, 16384, 16385, 20001, 23001, 27000, 32768, 49152}) {
    expect_exact(of(length, causal));
    causal = !causal;
  }
}

TEST(FourStep, Channels) {
  expect_exact(of(4097, false, 3, 3));
  expect_exact(of(4097, true, 1, 17));
  expect_exact(of(16400, false, 2, 3));
}

TEST(FourStep, LongSequences) {
  expect_exact(of(65536, true));
  expect_exact(of(65536, false));
  expect_exact(of(131072, false));
}

// Groups that end within the batch, within the channels, or hold one sequence.
TEST(FourStep, Groups) {
  constexpr std::size_t kSpectrum = 8 * 16384;
  for (const std::size_t held : {1, 4, 5, 12}) {
    MethodCase c = of(4200, held == 4, 3, held == 1 ? 2 : 3);
    c.l2_bytes = 2 * held * kSpectrum;
    expect_exact(c);
  }
}

TEST(FourStep, TypesGatesHeadsAndShortFilters) {
  int i = 0;
  for (const Type type : {Type::kFloat32, Type::kFloat16, Type::kBFloat16}) {
    MethodCase c = of(4100, i % 2 == 0, 2, 2);
    c.type = type;
    c.rows = i == 1 ? 1 : 2;
    c.q = i != 0;
    c.k = i != 1;
    c.bias = i != 2;
    c.taps_width = i == 0 ? 10 : i == 1 ? 301 : 12001;
    ++i;
    expect_exact(c);
  }
}

// The rows of the longest sequences alone: 16 of them stand for a spectrum.
TEST(FourStep, LongRows) {
  for (const int columns : {1024, 2048, 4096, 8192, 16384}) {
    const four_step::Plan plan{1, columns};
    const auto size = static_cast<std::size_t>(plan.size());
    std::vector<float> table(static_cast<std::size_t>(four_step::table_of(plan).size) * 2);
    four_step::fill(plan, table.data());
    const DeviceBuffer device_table = DeviceBuffer::of(table);
    const four_step::Context context{
        plan, 0, 0, Type::kFloat32, static_cast<const float*>(device_table.data()), nullptr};
    std::mt19937_64 draw(static_cast<std::uint64_t>(columns));
    std::normal_distribution<float> normal;
    std::vector<float> numbers[3];  // h, u, dc
    std::vector<DeviceBuffer> spectra;
    for (auto& x : numbers) {
      x.resize(2 * size);
      for (float& value : x) value = normal(draw);
      spectra.push_back(DeviceBuffer::of(x));
    }
    const auto at = [&](std::size_t i) { return static_cast<float*>(spectra[i].data()); };
    spectra.emplace_back(8 * size);
    using four_step::Rows;
    transform_rows(context, Rows::kForward, 1, 1, at(0), nullptr);
    differentiate(context, {0, 0, 1, 1}, at(1), at(2), at(0), at(3), false);
    transform_rows(context, Rows::kInverse, 1, 1, at(3), nullptr);
    const auto u = spectra[1].values<float>(), dc = spectra[2].values<float>();
    const auto dh = spectra[3].values<float>();
    spectra[1].copy_from(numbers[1].data());
    transform_rows(context, Rows::kConvolve, 1, 1, at(1), at(0));
    const auto y = spectra[1].values<float>();

    double difference = 0, norm = 0;
    for (int place = 0; place < 60; ++place) {
      const auto row = draw() % 16, t = draw() % static_cast<std::uint64_t>(columns);
      const auto exact = [&](const std::vector<float>& a, const std::vector<float>& b, int sign) {
        std::complex<double> sum;
        for (std::size_t s = 0; s < static_cast<std::size_t>(columns); ++s) {
          const auto n = static_cast<std::size_t>(columns);
          const std::size_t other = (sign > 0 ? t + n - s : s + n - t) % n;
          const auto number = [&](const std::vector<float>& z, std::size_t i) {
            return std::complex<double>(z[2 * (row * n + i)], z[2 * (row * n + i) + 1]);
          };
          sum += number(a, s) * (sign > 0 ? number(b, other) : std::conj(number(b, other)));
        }
        return sum * static_cast<double>(columns);
      };
      const auto compare = [&](const std::vector<float>& got, std::complex<double> wanted) {
        const std::size_t i = 2 * (row * static_cast<std::size_t>(columns) + t);
        difference += std::norm(std::complex<double>(got[i], got[i + 1]) - wanted);
        norm += std::norm(wanted);
      };
      compare(u, exact(numbers[1], numbers[0], +1));
      compare(y, exact(numbers[1], numbers[0], +1));
      compare(dc, exact(numbers[2], numbers[0], -1));
      compare(dh, exact(numbers[2], numbers[1], -1));
    }
    EXPECT_LT(std::sqrt(difference / norm), 2e-6) << columns;
  }
}

TEST(FourStep, Plans) {
  std::int64_t length = 1;
  for (; length <= 1 << 22; length += length / 7 + 1) {
    const four_step::Plan plan = four_step::plan_for(length, 227 << 10);
    ASSERT_NE(plan.radix, 0) << length;
    EXPECT_GE(plan.size(), length);
    if (length > 16384) {
      EXPECT_LT(plan.size(), length * 5 / 4 + 5) << length;
    }
    EXPECT_LE(four_step::rows_shared_bytes(plan.columns), 227U << 10);
  }
  EXPECT_EQ(four_step::plan_for((1 << 22) + 1, 227 << 10).radix, 0);
  EXPECT_EQ(four_step::plan_for((1 << 21) + 1, 99 << 10).radix, 0);
}

}  // namespace
}  // namespace hyena::kernels::cuda
