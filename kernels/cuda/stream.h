#pragma once

#include <cstddef>

struct CUstream_st;

namespace hyena::kernels::cuda {

/// CUDA's cudaStream_t, without its headers.
using Stream = CUstream_st*;

/// What a choice of kernels depends on.
struct Device {
  int architecture = 90;  ///< 10 · major + minor
  int multiprocessors = 132;
  int shared_per_block = 227 << 10;  ///< bytes of shared memory that one block may ask for
  std::size_t l2_bytes = 50U << 20;
};

}  // namespace hyena::kernels::cuda
