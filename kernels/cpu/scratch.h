#pragma once

#include <array>
#include <cstdint>

#include "kernels/cpu/aligned_buffer.h"

namespace hyena::kernels::cpu {

/// Work memory of a thread, kept from call to call unless it is large.
template <class T>
class Scratch {
 public:
  /// Uses this thread's memory until the end of the scope. Not to be nested.
  Scratch() : buffers_(of_thread()) {}
  ~Scratch() {
    for (auto& buffer : buffers_) {
      if (buffer.bytes() > kKeptBytes) buffer.resize(0);
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Array number `which`, uninitialised.
  T* get(std::size_t which, std::int64_t count) { return buffers_[which].grow(count); }

 private:
  static constexpr std::size_t kKeptBytes = std::size_t{1} << 24;
  using Buffers = std::array<AlignedBuffer<T>, 6>;
  static Buffers& of_thread() {
    thread_local Buffers buffers;
    return buffers;
  }
  Buffers& buffers_;
};

}  // namespace hyena::kernels::cpu
