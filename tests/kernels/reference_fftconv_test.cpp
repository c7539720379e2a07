#include <vector>

#include <gtest/gtest.h>

#include "kernels/reference/fftconv.h"

namespace hyena::kernels::reference {
namespace {

TEST(ReferenceConvolve, CausalSumsByHand) {
  const std::vector<double> u = {2, 3, 5}, h = {7, 11, 13, 17};
  std::vector<double> y(3);
  convolve(u, h, 0, y);
  EXPECT_EQ(y, (std::vector<double>{14, 43, 94}));
}

TEST(ReferenceConvolve, CentredSeesBothSides) {
  const std::vector<double> u = {2, 3, 5}, h = {7, 11, 13};
  std::vector<double> y(3);
  convolve(u, h, 1, y);
  EXPECT_EQ(y, (std::vector<double>{43, 94, 94}));
}

TEST(ReferenceConvolve2d, ZeroAndCircularDifferAtTheBorder) {
  const std::vector<double> u = {2, 3, 5, 7}, h = {11, 13, 17};
  std::vector<double> y(4);
  Grid grid{.height = 2,
            .width = 2,
            .kernel_height = 1,
            .kernel_width = 3,
            .centre_row = 0,
            .centre_column = 1};
  convolve2d(grid, u, h, y);
  EXPECT_EQ(
      y, (std::vector<double>{11 * 3 + 13 * 2, 13 * 3 + 17 * 2, 11 * 7 + 13 * 5, 13 * 7 + 17 * 5}));
  grid.circular = true;
  convolve2d(grid, u, h, y);
  EXPECT_EQ(y[0], 11 * 3 + 13 * 2 + 17 * 3);
  EXPECT_EQ(y[3], 11 * 5 + 13 * 7 + 17 * 5);
}

}  // namespace
}  // namespace hyena::kernels::reference
