#pragma once

#include <memory>

#include "kernels/cuda/method.h"

/// The methods of kMethods, each in its own source. Null where a method does not serve the shape.
namespace hyena::kernels::cuda {

/// Sequences of 4097 … 2^22 positions: transforms of columns and rows of a matrix, in three
/// kernels.
std::unique_ptr<Method> make_four_step(const Shape& shape, const Device& device);

/// Grids, and sequences, by transforms of rows and columns: up to 1024 rows and 2048 columns where
/// a block may have 227 KB (99 KB: about 790 rows).
std::unique_ptr<Method> make_grid_fft(const Shape& shape, const Device& device);

/// Every output as a sum over the taps: any shape; meant for few positions.
std::unique_ptr<Method> make_direct(const Shape& shape, const Device& device);

}  // namespace hyena::kernels::cuda
