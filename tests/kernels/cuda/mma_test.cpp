#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/cuda/mma_products.h"
#include "tests/kernels/number_types.h"

/// The layout of fragments, alone: what the host runtime takes from the manual and only hardware
/// can confirm. The first test to run on a GPU.
namespace hyena::kernels::cuda {
namespace {

struct Matrix {
  Matrix(int row_count, int column_count, std::mt19937_64& draw, Type type)
      : rows(row_count), columns(column_count), values(static_cast<std::size_t>(rows * columns)) {
    std::normal_distribution<double> normal;
    for (double& x : values) x = rounded(type, normal(draw));
  }
  double at(int i, int j) const { return values[static_cast<std::size_t>(i * columns + j)]; }

  DeviceBuffer on_device(Type type, bool transposed) const {
    std::vector<unsigned char> bytes(values.size() * 2);
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) {
        write_element(type, bytes.data(), transposed ? j * rows + i : i * columns + j, at(i, j));
      }
    }
    return DeviceBuffer::of(bytes);
  }

  int rows, columns;
  std::vector<double> values;
};

double product_error(Type type, FragmentPath path, std::uint64_t seed) {
  std::mt19937_64 draw(seed);
  const Matrix a(16, 16, draw, type), b(16, 8, draw, type);
  const DeviceBuffer da = a.on_device(type, false), dat = a.on_device(type, true);
  const DeviceBuffer db = b.on_device(type, false), dbt = b.on_device(type, true);
  const DeviceBuffer d(16 * 8 * sizeof(float));
  multiply_on_device(type, path, da.data(), dat.data(), db.data(), dbt.data(),
                     static_cast<float*>(d.data()));
  const std::vector<float> got = d.values<float>();
  double difference = 0, norm = 0;
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) {
      double sum = 0;
      for (int n = 0; n < 16; ++n) sum += a.at(i, n) * b.at(n, j);
      const double x = got[static_cast<std::size_t>(8 * i + j)] - sum;
      difference += x * x;
      norm += sum * sum;
    }
  }
  return std::sqrt(difference / norm);
}

TEST(Mma, FragmentsLieWhereTheManualSays) {
  for (const Type type : {Type::kBFloat16, Type::kFloat16}) {
    EXPECT_LT(product_error(type, FragmentPath::kByHand, 1), 1e-6) << type_name(type);
  }
}

TEST(Mma, TilesFromSharedMemoryAreThoseFragments) {
  std::uint64_t seed = 2;
  for (const Type type : {Type::kBFloat16, Type::kFloat16}) {
    for (const auto path :
         {FragmentPath::kRows, FragmentPath::kTransposed, FragmentPath::kSingles}) {
      EXPECT_LT(product_error(type, path, seed++), 1e-6)
          << type_name(type) << ", path " << static_cast<int>(path);
    }
  }
}

}  // namespace
}  // namespace hyena::kernels::cuda
