#pragma once

#include <memory>

#include "kernels/cuda/method.h"

/// The methods of kMethods, each in its own source. Null where a method does not serve the shape.
namespace hyena::kernels::cuda {

/// One transform on the ring x^N = i in the shared memory of a block: sequences, padded to the next
/// of 256, 512, … 16384. A block needs 202 KB for 16384, 136 KB for 8192, 68 KB up to 4096.
std::unique_ptr<Method> make_fused_fft(const Shape& shape, const Device& device);

/// cuFFT: any shape up to 2^30 padded points. Signals are loaded and stored by kernels of their
/// own, or by callbacks in cuFFT's kernels, for builds with CUDA 13. The one object that keeps
/// something between calls: cuFFT's plans, which *_workspace() makes. Ask for the workspace before
/// capturing a graph.
std::unique_ptr<Method> make_cufft(const Shape& shape, const Device& device);
std::unique_ptr<Method> make_cufft_callbacks(const Shape& shape, const Device& device);

/// Sequences of 4097 … 2^22 positions: transforms of columns and rows of a matrix, in three
/// kernels.
std::unique_ptr<Method> make_four_step(const Shape& shape, const Device& device);

/// Grids, and sequences, by transforms of rows and columns: up to 1024 rows and 2048 columns where
/// a block may have 227 KB (99 KB: about 790 rows).
std::unique_ptr<Method> make_grid_fft(const Shape& shape, const Device& device);

/// Every output as a sum over the taps: any shape; meant for few positions.
std::unique_ptr<Method> make_direct(const Shape& shape, const Device& device);

/// Products with Toeplitz matrices on tensor cores: causal sequences up to 2048 positions, others
/// up to 1024, grids up to 40 x 40.
std::unique_ptr<Method> make_toeplitz(const Shape& shape, const Device& device);
bool toeplitz_wins(const Shape& shape);

}  // namespace hyena::kernels::cuda
