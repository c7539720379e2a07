#include <stdexcept>
#include <string>

#include <cuda_runtime.h>

#include "tests/kernels/cuda/device_buffer.h"

namespace hyena::kernels::cuda {
namespace {

void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

}  // namespace

struct DeviceBuffer::Memory {
  void* data = nullptr;
};

DeviceBuffer::DeviceBuffer(std::size_t bytes) : memory_(std::make_unique<Memory>()), bytes_(bytes) {
  check(cudaMalloc(&memory_->data, bytes + 256));
  check(cudaMemset(memory_->data, 0xFF, bytes + 256));
}
DeviceBuffer::~DeviceBuffer() {
  if (memory_) cudaFree(memory_->data);
}
DeviceBuffer::DeviceBuffer(DeviceBuffer&&) noexcept = default;
void* DeviceBuffer::data() const {
  return memory_->data;
}
void DeviceBuffer::copy_from(const void* from) {
  check(cudaMemcpy(data(), from, bytes_, cudaMemcpyHostToDevice));
}
void DeviceBuffer::copy_to(void* to) const {
  check(cudaMemcpy(to, data(), bytes_, cudaMemcpyDeviceToHost));
}

Device test_device() {
  cudaDeviceProp p{};
  check(cudaGetDeviceProperties(&p, 0));
  return {10 * p.major + p.minor, p.multiProcessorCount, static_cast<int>(p.sharedMemPerBlockOptin),
          static_cast<std::size_t>(p.l2CacheSize)};
}

}  // namespace hyena::kernels::cuda
