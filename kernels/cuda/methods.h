#pragma once

#include <memory>

#include "kernels/cuda/method.h"

/// The methods of kMethods, each in its own source. Null where a method does not serve the shape.
namespace hyena::kernels::cuda {

/// cuFFT: any shape up to 2^30 padded points. Signals are loaded and stored by kernels of their
/// own, or by callbacks in cuFFT's kernels, for builds with CUDA 13. The one object that keeps
/// something between calls: cuFFT's plans, which *_workspace() makes. Ask for the workspace before
/// capturing a graph.
std::unique_ptr<Method> make_cufft(const Shape& shape, const Device& device);
std::unique_ptr<Method> make_cufft_callbacks(const Shape& shape, const Device& device);

/// Every output as a sum over the taps: any shape; meant for few positions.
std::unique_ptr<Method> make_direct(const Shape& shape, const Device& device);

}  // namespace hyena::kernels::cuda
