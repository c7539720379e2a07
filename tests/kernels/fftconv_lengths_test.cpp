#include <gtest/gtest.h>

#include "tests/kernels/convolution_case.h"

/// The whole list of lengths and channels in float32, up to a million positions.
namespace hyena::kernels {
namespace {

class Lengths : public testing::TestWithParam<std::int64_t> {};

TEST_P(Lengths, MatchDirectSums) {
  constexpr std::int64_t kMostElements = std::int64_t{1} << 22;
  const std::int64_t length = GetParam();
  for (const std::int64_t channels : {1, 3, 16, 17, 111, 768}) {
    const bool beyond = (length == 65536 && channels == 17) || (length == 1 << 20 && channels == 3);
    if (length * channels > kMostElements && !beyond) continue;
    for (const bool centred : {false, true}) {
      const ConvolutionCase c{.batch = 2 * length * channels <= (kMostElements >> 3) ? 2 : 1,
                              .length = length,
                              .channels = channels,
                              .centred = centred};
      const ConvolutionErrors e = errors_of(c);
      for (const double error : {e.y, e.dq, e.dk, e.dv}) EXPECT_LT(error, 2e-6) << c.name();
      EXPECT_LT(e.dh, 1e-5) << c.name();
      EXPECT_LT(e.db, 1e-5) << c.name();
      RecordProperty(c.name(), std::to_string(e.y) + " " + std::to_string(e.dh));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Lengths,
                         testing::Values(1, 2, 3, 5, 7, 31, 196, 197, 255, 256, 1000, 1024, 2310,
                                         4096, 4097, 16384, 65536, 1 << 20));

}  // namespace
}  // namespace hyena::kernels
