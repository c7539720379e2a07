#pragma once

#include <cstddef>

#include "kernels/cuda/stream.h"
#include "kernels/filter.h"

/// Implicit filters on a GPU: what kernels/filter.h defines, in float32, all pointers the device's.
/// Works through the positions in blocks of 16384: memory does not grow with the filter's length.
/// Nothing is allocated or waited for; sums have a fixed order.
namespace hyena::kernels::cuda {

/// Bytes to work in, aligned to 256, for as many sine layers.
std::size_t filter_forward_workspace(const FilterShape& shape, std::size_t layers);
std::size_t filter_backward_workspace(const FilterShape& shape, std::size_t layers);

/// Throw ArgumentError as the functions of the same names for the CPU.
void filter_forward(const FilterShape& shape, const FilterParameters& parameters, Taps h,
                    void* workspace, Stream stream);
void filter_backward(const FilterShape& shape, const FilterParameters& parameters, ConstTaps dh,
                     const FilterGradients& gradients, void* workspace, Stream stream);

}  // namespace hyena::kernels::cuda
