#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/kernels/cuda/host_runtime.h"

/// What the host runtime knows of memory: buffers, the block's shared memory, who touched what.
namespace hyena::kernels::cuda::host {

/// Who last wrote and read two bytes of shared memory, and when.
struct Touch {
  std::uint32_t write_phase = 0, write_epoch = 0;
  std::uint32_t read_phase = 0, read_epoch = 0;
  std::int16_t writer = -1;
  std::int16_t reader = -1;  ///< a thread, or kSeveral, or kOneWarp − warp
};

/// The moment of an access. Two accesses are in order when a block barrier lies between (phase),
/// or, within one warp, a warp barrier (epoch).
struct Moment {
  int thread;
  std::uint32_t phase, epoch;
};

class SharedMemory {
 public:
  /// For a new block: NaN everywhere, nobody has touched it.
  void reset(std::size_t bytes);
  unsigned char* data() { return data_.data() + kMargin; }
  /// Inside, or so near that nothing else can be meant.
  bool concerns(const void* p) const {
    const auto* c = static_cast<const unsigned char*>(p);
    return c >= data_.data() && c < data_.data() + size_ + 2 * kMargin;
  }
  /// Bytes from the first; negative or beyond size() in the margins.
  std::ptrdiff_t offset(const void* p) const {
    return static_cast<const unsigned char*>(p) - data_.data() - kMargin;
  }
  std::size_t size() const { return size_; }
  /// Notes the access. Returns the thread (or kSeveral) it is in conflict with, or kNobody.
  int touch(std::size_t offset, std::size_t bytes, bool write, const Moment& now);

  static constexpr int kNobody = -1, kSeveral = -2;

 private:
  static constexpr int kOneWarp = -100;
  static constexpr std::ptrdiff_t kMargin = 4096;
  std::vector<unsigned char> data_;
  std::vector<Touch> touches_;
  std::size_t size_ = 0;
};

/// The buffer that holds [p, p + bytes) whole: its start, or null.
const unsigned char* buffer_of(const void* p, std::size_t bytes);

}  // namespace hyena::kernels::cuda::host
