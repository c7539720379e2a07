#pragma once

#include <memory>

#include "kernels/cuda/method.h"

/// The methods of kMethods, each in its own source. Null where a method does not serve the shape.
namespace hyena::kernels::cuda {

/// One transform on the ring x^N = i in the shared memory of a block: sequences, L up to 16384
/// where a block may have 204 KB, else up to what fits (99 KB: 4096).
std::unique_ptr<Method> make_fused_fft(const Shape& shape, const Device& device);

/// Every output as a sum over the taps: any shape; meant for few positions.
std::unique_ptr<Method> make_direct(const Shape& shape, const Device& device);

}  // namespace hyena::kernels::cuda
