#include <gtest/gtest.h>

#include "tests/kernels/cuda/method_case.h"

namespace hyena::kernels::cuda {
namespace {

MethodCase of(std::int64_t height, std::int64_t width) {
  MethodCase c;
  c.method = "direct";
  c.height = height;
  c.width = width;
  c.batch = 2;
  c.channels = 3;
  c.seed = static_cast<std::uint64_t>(31 * height + width);
  return c;
}

TEST(Direct, Sequences) {
  for (const std::int64_t length : {1, 2, 3, 5, 7, 31, 64, 196}) {
    for (const bool causal : {true, false}) {
      MethodCase c = of(1, length);
      c.causal = causal;
      expect_exact(c);
    }
  }
}

TEST(Direct, Grids) {
  for (const bool circular : {false, true}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {7, 7}, {5, 8}}) {
      MethodCase c = of(height, width);
      c.circular = circular;
      expect_exact(c);
    }
  }
}

TEST(Direct, FiltersOfOtherSizes) {
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

TEST(Direct, TypesGatesAndSharedFilters) {
  for (const Type type : {Type::kFloat32, Type::kFloat16, Type::kBFloat16}) {
    for (int gates = 0; gates < 8; ++gates) {
      MethodCase c = of(1, 37);
      c.channels = 6;
      c.rows = 2;
      c.type = type;
      c.q = (gates & 1) != 0;
      c.k = (gates & 2) != 0;
      c.bias = (gates & 4) != 0;
      c.causal = gates % 3 == 0;
      expect_exact(c);
    }
  }
}

}  // namespace
}  // namespace hyena::kernels::cuda
