#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/cuda/stream.h"

/// Memory of the device that the tests of this folder run on: the host runtime's (labels: none) or,
/// in a second build of the same tests, a GPU's (label gpu).
namespace hyena::kernels::cuda {

class DeviceBuffer {
 public:
  /// Filled with NaN.
  explicit DeviceBuffer(std::size_t bytes);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&&) noexcept;
  void* data() const;
  std::size_t bytes() const { return bytes_; }
  void copy_from(const void* host_memory);
  void copy_to(void* host_memory) const;  ///< waits for the device

  template <class T>
  static DeviceBuffer of(const std::vector<T>& values) {
    DeviceBuffer buffer(values.size() * sizeof(T));
    buffer.copy_from(values.data());
    return buffer;
  }
  template <class T>
  std::vector<T> values() const {
    std::vector<T> result(bytes_ / sizeof(T));
    copy_to(result.data());
    return result;
  }

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
  std::size_t bytes_;
};

/// The device the tests run on, to choose methods by.
Device test_device();

}  // namespace hyena::kernels::cuda
