#pragma once

#include <memory>

#include "kernels/cuda/method.h"

/// The methods of kMethods, each in its own source. Null where a method does not serve the shape.
namespace hyena::kernels::cuda {

/// One transform on the ring x^N = i in the shared memory of a block: sequences, padded to the next
/// of 256, 512, … 16384. A block needs 202 KB for 16384, 136 KB for 8192, 68 KB up to 4096.
std::unique_ptr<Method> make_fused_fft(const Shape& shape, const Device& device);

/// Every output as a sum over the taps: any shape; meant for few positions.
std::unique_ptr<Method> make_direct(const Shape& shape, const Device& device);

}  // namespace hyena::kernels::cuda
