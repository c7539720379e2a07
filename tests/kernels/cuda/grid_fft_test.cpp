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

TEST(GridFft, LargeGrids) {
  for (const bool circular : {false, true}) {
    for (const auto& [height, width] : {std::pair{28, 28}, {56, 56}, {37, 53}}) {
      MethodCase c = of(height, width, circular);
      c.batch = c.channels = 1;
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
