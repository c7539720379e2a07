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

TEST_P(Cufft, Sequences) {
  for (const std::int64_t length : {1, 2, 3, 5, 7, 31, 196, 197, 255, 256, 1000, 1024}) {
    for (const bool causal : {true, false}) {
      MethodCase c = of(1, length);
      c.causal = causal;
      c.channels = causal ? 3 : 1;
      expect_exact(c);
    }
  }
}

TEST_P(Cufft, LongSequences) {
  for (const std::int64_t length : {2310, 4096, 4097, 16384, 65536}) {
    MethodCase c = of(1, length);
    c.channels = 1;
    c.batch = length < 10000 ? 2 : 1;
    c.causal = length % 2 == 0;
    expect_exact(c);
  }
}

TEST_P(Cufft, Grids) {
  for (const bool circular : {false, true}) {
    for (const auto& [height, width] :
         {std::pair{1, 1}, {7, 7}, {5, 8}, {14, 10}, {1, 9}, {9, 1}}) {
      MethodCase c = of(height, width);
      c.circular = circular;
      expect_exact(c);
    }
  }
}

TEST_P(Cufft, FiltersOfOtherSizes) {
  for (const auto& [height, width] : {std::pair{3, 5}, {1, 1}, {4, 2}, {20, 17}}) {
    for (const bool circular : {false, true}) {
      MethodCase c = of(6, 7);
      c.taps_height = height;
      c.taps_width = width;
      c.circular = circular;
      expect_exact(c);
    }
  }
  for (const std::int64_t taps : {1, 4, 29, 100}) {
    for (const bool causal : {true, false}) {
      MethodCase c = of(1, 21);
      c.taps_width = taps;
      c.causal = causal;
      expect_exact(c);
    }
  }
}

TEST_P(Cufft, TypesGatesAndSharedFilters) {
  for (const Type type : {Type::kFloat32, Type::kFloat16, Type::kBFloat16}) {
    for (int gates = 0; gates < 8; ++gates) {
      MethodCase c = of(1, 37);
      c.channels = 17 * (1 + gates % 2);
      c.rows = 17;
      c.type = type;
      c.q = (gates & 1) != 0;
      c.k = (gates & 2) != 0;
      c.bias = (gates & 4) != 0;
      c.causal = gates % 3 == 0;
      expect_exact(c);
    }
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
