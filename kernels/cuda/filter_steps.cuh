#pragma once

#include "kernels/cuda/filter.h"
#include "kernels/cuda/filter_product.cuh"
#include "kernels/cuda/launch.h"

/// What forward and backward share: blocks of positions, and the sine layers of one.
namespace hyena::kernels::cuda::filter {

constexpr std::int64_t kPositions = 16384;  // of a block
constexpr int kSlice = 1024;                // positions that one block of threads sums over

void check(const char* function, const FilterShape& shape, const FilterParameters& parameters);

inline std::size_t aligned(std::int64_t floats) {
  return static_cast<std::size_t>((floats * 4 + 255) / 256 * 256);
}
inline std::int64_t block_of(const FilterShape& s) {
  return s.positions < kPositions ? s.positions : kPositions;
}
inline const float* floats(const void* p) {
  return static_cast<const float*>(p);
}
inline float* floats(void* p) {
  return static_cast<float*>(p);
}

/// `slices` sums over `depth_each` of the matrices' columns.
template <class After>
void product(const Matrix& left, const Matrix& right, int slices, int depth_each,
             const After& after, Stream stream) {
  using Kernel = Product<After>;
  const auto tiles = [](std::int64_t n) { return (n + Kernel::kTile - 1) / Kernel::kTile; };
  launch<Kernel>({left, right, depth_each, after}, tiles(left.rows) * tiles(right.rows), slices,
                 Kernel::kShared, stream);
}
template <class After>
void product(const Matrix& left, const Matrix& right, const After& after, Stream stream) {
  product(left, right, 1, left.columns, after, stream);
}

/// Positions first … first + count − 1 of a filter.
struct Block {
  const FilterShape& shape;
  const FilterParameters& parameters;
  std::int64_t first;
  int count;

  Matrix features() const {
    const auto& z = parameters.z;
    return {floats(z.data) + first * z.position, z.position, z.feature, count,
            static_cast<int>(shape.features)};
  }
  int inputs(std::size_t layer) const {
    return static_cast<int>(layer == 0 ? shape.features : shape.width);
  }
  Matrix layer_weight(std::size_t layer) const {
    return {floats(parameters.layers[layer].weight), inputs(layer), 1,
            static_cast<int>(shape.width), inputs(layer)};
  }
  Matrix weight() const {
    return {floats(parameters.weight), shape.width, 1, static_cast<int>(shape.channels),
            static_cast<int>(shape.width)};
  }
  Matrix hidden(const float* x) const {
    return {x, shape.width, 1, count, static_cast<int>(shape.width)};
  }
  Window window() const {
    return {parameters.t != nullptr ? floats(parameters.t) + first : nullptr,
            floats(parameters.delta), floats(parameters.shift)};
  }
  /// x of one layer from what is before it. u may be null.
  void sine_layer(std::size_t layer, const Matrix& from, float* u, float* x, Stream stream) const;
};

}  // namespace hyena::kernels::cuda::filter
