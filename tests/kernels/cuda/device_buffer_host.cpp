#include <cstring>

#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/cuda/host_runtime.h"

namespace hyena::kernels::cuda {

struct DeviceBuffer::Memory : host::DeviceMemory {
  using DeviceMemory::DeviceMemory;
};

DeviceBuffer::DeviceBuffer(std::size_t bytes)
    : memory_(std::make_unique<Memory>(bytes)), bytes_(bytes) {}
DeviceBuffer::~DeviceBuffer() = default;
DeviceBuffer::DeviceBuffer(DeviceBuffer&&) noexcept = default;
void* DeviceBuffer::data() const {
  return memory_->data();
}
void DeviceBuffer::copy_from(const void* from) {
  if (bytes_ != 0) std::memcpy(data(), from, bytes_);
}
void DeviceBuffer::copy_to(void* to) const {
  if (bytes_ != 0) std::memcpy(to, data(), bytes_);
}

Device test_device() {
  return {};
}

}  // namespace hyena::kernels::cuda
