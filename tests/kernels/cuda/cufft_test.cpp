#include <gtest/gtest.h>

#include "tests/kernels/cuda/method_case.h"

namespace hyena::kernels::cuda {
namespace {

class Cufft : public testing::TestWithParam<const char*> {
 protected:
  static MethodCase of(std::int64_t height, std::int64_t width) {
    MethodCase c;
    c.method = GetParam();
    c.height = height;
    c.width = width;
    c.batch = 2;
    c.channels = 3;
    c.seed = static_cast<std::uint64_t>(31 * height + width);
    return c;
  }
};

TEST_P(Cufft, LongSequences) {
  for (const std::int64_t length : {16384, 65536}) {
    MethodCase c = of(1, length);
    c.channels = 1;
    c.batch = 1;
    c.causal = length == 16384;
    expect_exact(c);
  }
}

TEST_P(Cufft, PassesThatSplitItems) {
  for (const std::size_t l2_bytes : {1, 40, 70, 200}) {  // 1, 2, 4 and 11 of 21 rows a pass
    MethodCase c = of(1, 37);
    c.batch = 3;
    c.channels = 7;
    c.l2_bytes = l2_bytes;
    expect_exact(c);
    c.q = false;
    expect_exact(c);
  }
}

INSTANTIATE_TEST_SUITE_P(, Cufft, testing::Values("cufft", "cufft-callbacks"),
                         [](const auto& which) {
                           return std::string(which.param) == "cufft" ? "Kernels" : "Callbacks";
                         });

}  // namespace
}  // namespace hyena::kernels::cuda
