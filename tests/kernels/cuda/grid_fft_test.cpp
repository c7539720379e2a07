#include <gtest/gtest.h>

#include "kernels/cuda/grid_fft_plan.h"
#include "tests/kernels/cuda/method_case.h"

namespace hyena::kernels::cuda {
namespace {

MethodCase of(std::int64_t height, std::int64_t width, bool circular) {
  MethodCase c;
  c.method = "grid_fft";
  c.height = height;
  c.width = width;
  c.circular = circular;
  c.batch = 2;
  c.channels = 3;
  c.seed = static_cast<std::uint64_t>(31 * height + width);
  return c;
}

TEST(GridFft, Grids) {
  for (const bool circular : {false, true}) {
    for (const auto& [height, width] : {std::pair{1, 1},
                                        {1, 9},
                                        {9, 1},
                                        {2, 3},
                                        {7, 7},
                                        {14, 14},
                                        {14, 10},
                                        {13, 11},
                                        {28, 28}}) {
      expect_exact(of(height, width, circular));
    }
  }
}

TEST(GridFft, LargeGrids) {
  for (const bool circular : {false, true}) {
    for (const auto& [height, width] : {std::pair{56, 56}, {37, 53}}) {
      MethodCase c = of(height, width, circular);
      c.batch = c.channels = 1;
      expect_exact(c);
    }
  }
}

TEST(GridFft, FiltersOfOtherSizes) {
  for (const auto& [height, width] : {std::pair{3, 5}, {1, 1}, {4, 2}, {20, 17}}) {
    for (const bool circular : {false, true}) {
      MethodCase c = of(6, 11, circular);
      c.taps_height = height;
      c.taps_width = width;
      expect_exact(c);
    }
  }
}

TEST(GridFft, Sequences) {
  MethodCase c = of(1, 300, true);
  expect_exact(c);
  c.circular = false;
  expect_exact(c);
  c.causal = true;
  expect_exact(c);
}

TEST(GridFft, TypesGatesAndSharedFilters) {
  for (const Type type : {Type::kFloat32, Type::kFloat16, Type::kBFloat16}) {
    for (int gates = 0; gates < 8; ++gates) {
      MethodCase c = of(5, 8, gates % 2 == 0);
      c.channels = 17;
      c.rows = gates % 3 == 0 ? 1 : 17;
      c.type = type;
      c.q = (gates & 1) != 0;
      c.k = (gates & 2) != 0;
      c.bias = (gates & 4) != 0;
      expect_exact(c);
    }
  }
}

// Groups that end within the batch, within the channels, or hold one sequence; blocks with 16, 8
// and 4 lines.
TEST(GridFft, GroupsAndBlocks) {
  const grid_fft::Plan plan = grid_fft::plan_for({12, 20, false}, 227 << 10);
  for (const std::size_t held : {1, 4, 5, 12}) {
    MethodCase c = of(12, 20, false);
    c.batch = 5;
    c.channels = 5;
    c.l2_bytes = 2 * 8 * held * static_cast<std::size_t>(plan.rows_size());
    expect_exact(c);
  }
  for (const int shared : {12, 6, 3}) {
    MethodCase c = of(16, 32, shared == 6);
    c.shared_per_block = shared << 10;
    expect_exact(c);
  }
}

TEST(GridFft, Plans) {
  for (std::int64_t width = 1; width <= 448; ++width) {
    for (const bool circular : {false, true}) {
      const grid_fft::Plan plan = grid_fft::plan_for({width, width, circular}, 99 << 10);
      ASSERT_GE(plan.row.length, width);
      EXPECT_LE(plan.row.length, width * 4 / 3 + 1);
      ASSERT_GE(plan.column.length, circular ? width : 2 * width - 1);
      EXPECT_LE(plan.column.length, width * 8 / 3 + 1);
    }
  }
  EXPECT_EQ(grid_fft::plan_for({2000, 4, false}, 227 << 10).column.length, 0);
}

}  // namespace
}  // namespace hyena::kernels::cuda
