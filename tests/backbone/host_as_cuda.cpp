#include "tests/backbone/host_as_cuda.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include "backbone/ops/cuda_device.h"
#include "tests/kernels/cuda/host_runtime.h"

namespace hyena::backbone {

namespace {
bool stand_in = false;
}
bool on_gpu(const at::Tensor&) {
  return stand_in;
}
bool has_cuda_kernels() {
  return true;
}
kernels::cuda::Device kernel_device(const at::Tensor&) {
  return {};
}
DeviceScope::DeviceScope(const at::Tensor&) {}
DeviceScope::~DeviceScope() = default;

namespace {

class WatchedAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* memory = bytes == 0 ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (bytes != 0 && memory == nullptr) throw std::bad_alloc();
    if (memory != nullptr) {
      std::memset(memory, 0xFF, bytes);  // NaN: what is not written shows
      kernels::cuda::host::watch(memory, bytes);
    }
    return {memory, memory, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memcpy(to, from, bytes);
  }

 private:
  static void release(void* memory) {
    if (memory == nullptr) return;
    kernels::cuda::host::unwatch(memory);
    std::free(memory);
  }
};

}  // namespace

void let_device_code_use_cpu_tensors() {
  stand_in = true;
  static WatchedAllocator allocator;
  c10::SetCPUAllocator(&allocator, /*priority=*/100);
}

}  // namespace hyena::backbone
