#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace hyena::kernels::cpu {

/// Memory for vectors, uninitialised; large ones ask the system for huge pages. What is given back
/// is kept for the next: 128 MiB in the process, or, up to a sixteenth of the machine's memory, as
/// much as makes used and kept one and a half times what was in use at one time. Throws
/// std::bad_alloc.
template <class T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::int64_t count) { resize(count); }
  ~AlignedBuffer() { resize(0); }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  T* data() const { return static_cast<T*>(data_); }
  std::size_t bytes() const { return bytes_; }
  /// At least `count` elements; what was there is lost when it must grow.
  T* grow(std::int64_t count) {
    if (static_cast<std::size_t>(count) * sizeof(T) > bytes_) resize(count);
    return data();
  }
  /// Exactly `count` elements, contents lost; 0 gives the memory back.
  void resize(std::int64_t count);

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace hyena::kernels::cpu
