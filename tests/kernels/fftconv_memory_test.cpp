#include <cmath>
#include <memory>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "kernels/fftconv.h"

/// In a process of its own: what counts is the most it ever had.
namespace hyena::kernels {
namespace {

TEST(FftConvMemory, AMillionPositionsFitInFourGibibytes) {
  constexpr std::int64_t kLength = std::int64_t{1} << 20, kChannels = 64;
  constexpr std::size_t kCount = std::size_t{kLength * kChannels};
  const auto tensor = [&](bool filled) {
    std::unique_ptr<float[]> x(new float[kCount]);
    std::uint32_t state = 1;
    for (std::size_t i = 0; filled && i < kCount; ++i) {
      state = state * 1664525U + 1013904223U;
      x[i] = static_cast<float>(state >> 8) * 0x1p-23F - 1;
    }
    return x;
  };
  const auto q = tensor(true), k = tensor(true), v = tensor(true), dy = tensor(true);
  const auto h = tensor(true), y = tensor(false);
  for (std::size_t i = 0; i < kCount; ++i) {
    h[i] *= std::exp(-1e-3F * static_cast<float>(i % std::size_t{kLength}));
  }
  const auto rows = [&](const std::unique_ptr<float[]>& x) {
    return ConstRows{x.get(), kLength * kChannels, kChannels};
  };
  const auto out = [&](const std::unique_ptr<float[]>& x) {
    return Rows{x.get(), kLength * kChannels, kChannels};
  };
  const FilterSpectrum spectrum({h.get(), kChannels, kLength, 0, kLength, 1}, nullptr, kLength,
                                kChannels, Type::kFloat32);
  fftconv_forward({1}, spectrum, rows(q), rows(k), rows(v), out(y));
  const auto dq = tensor(false), dk = tensor(false), dv = tensor(false), dh = tensor(false);
  FftConvGradients gradients{out(dq), out(dk), out(dv), {}, nullptr};
  gradients.dh = {dh.get(), kChannels, kLength, 0, kLength, 1};
  fftconv_backward({1}, spectrum, rows(q), rows(k), rows(v), rows(dy), gradients);

  // Σ dk ⊙ k and Σ dy ⊙ y are the same number: everything came out.
  double left = 0, right = 0, whole = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    left += double{dk[i]} * double{k[i]};
    right += double{dy[i]} * double{y[i]};
    whole += std::abs(double{dy[i]} * double{y[i]});
  }
  EXPECT_LT(std::abs(left - right), 1e-6 * whole);
  EXPECT_GT(whole, 1e6);

  rusage usage{};
  ASSERT_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  RecordProperty("peak_kib", std::to_string(usage.ru_maxrss));
  EXPECT_LT(usage.ru_maxrss, 4L << 20) << "KiB at most";
}

}  // namespace
}  // namespace hyena::kernels
