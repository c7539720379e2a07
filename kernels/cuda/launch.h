#pragma once

#include <stdexcept>
#include <string>

#include "kernels/cuda/device.h"
#include "kernels/cuda/stream.h"

/// How device code is started: launch<Kernel>(), zero_fill(). Never waits.
#ifdef __CUDACC__
namespace hyena::kernels::cuda {

inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    throw std::runtime_error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
  }
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads, Kernel::kMinBlocks)
    entry(const __grid_constant__ typename Kernel::Args args) {
  Kernel::run(args);
}

/// Starts `blocks` x `rows` blocks (2^31 − 1 and 65535 at most) of Kernel::kThreads threads with
/// `shared_bytes` of shared memory. Throws std::runtime_error with CUDA's words.
template <class Kernel>
void launch(const typename Kernel::Args& args, std::int64_t blocks, std::int64_t rows,
            std::size_t shared_bytes, Stream stream) {
  if (blocks == 0 || rows == 0) return;
  if (shared_bytes > 48U << 10) {
    check(cudaFuncSetAttribute(entry<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shared_bytes)),
          "shared memory for a kernel");
  }
  const dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(rows));
  entry<Kernel><<<grid, Kernel::kThreads, shared_bytes, stream>>>(args);
  check(cudaGetLastError(), "start of a kernel");
}

inline void zero_fill(void* memory, std::size_t bytes, Stream stream) {
  check(cudaMemsetAsync(memory, 0, bytes, stream), "clearing memory");
}

}  // namespace hyena::kernels::cuda
#endif  // else the runtime of device.h has them
