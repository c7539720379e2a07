#include "backbone/ops/cuda_device.h"

#include <map>
#include <mutex>

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

namespace hyena::backbone {

bool on_gpu(const at::Tensor& x) {
  return x.is_cuda();
}
bool has_cuda_kernels() {
  return true;
}

kernels::cuda::Device kernel_device(const at::Tensor& x) {
  static std::mutex mutex;
  static std::map<int, kernels::cuda::Device> known;
  const int index = x.get_device();
  const std::lock_guard lock(mutex);
  const auto found = known.find(index);
  if (found != known.end()) return found->second;
  const auto attribute = [index](cudaDeviceAttr which) {
    int value = 0;
    C10_CUDA_CHECK(cudaDeviceGetAttribute(&value, which, index));
    return value;
  };
  return known[index] = {10 * attribute(cudaDevAttrComputeCapabilityMajor) +
                             attribute(cudaDevAttrComputeCapabilityMinor),
                         attribute(cudaDevAttrMultiProcessorCount),
                         attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin),
                         static_cast<std::size_t>(attribute(cudaDevAttrL2CacheSize))};
}

DeviceScope::DeviceScope(const at::Tensor& x)
    : stream_(c10::cuda::getCurrentCUDAStream(x.get_device()).stream()),
      previous_(c10::cuda::current_device()) {
  c10::cuda::set_device(x.get_device());
}
DeviceScope::~DeviceScope() {
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(previous_));
}

}  // namespace hyena::backbone
