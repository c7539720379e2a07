#include "kernels/cpu/aligned_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace hyena::kernels::cpu {
namespace {

constexpr std::size_t kLine = 64, kHugePage = std::size_t{1} << 21;

/// Blocks that were given back, for the next who wants their size: fresh memory from the system
/// costs a page fault every 4 KiB, in a backward pass as much as the arithmetic. Spare are up to
/// kLeast bytes, or, where that is more, as much as keeps used and spare blocks together below one
/// and a half times what was in use at one time, and below a sixteenth of the machine's memory.
class Spare {
 public:
  struct Block {
    void* data;
    std::size_t bytes;
  };

  /// Of `bytes` or up to a quarter more; no data if there is none.
  Block take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto best = blocks_.end();
    for (auto it = blocks_.begin(); it != blocks_.end(); ++it) {
      if (it->bytes < bytes || it->bytes > bytes + bytes / 4) continue;
      if (best == blocks_.end() || it->bytes < best->bytes) best = it;
    }
    if (best == blocks_.end()) return {nullptr, 0};
    const Block block = *best;
    blocks_.erase(best);
    total_ -= block.bytes;
    use(block.bytes);
    return block;
  }
  /// A block that the system gave.
  void made(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    use(bytes);
    trim(limit());
  }
  void give(Block block) {
    const std::lock_guard lock(mutex_);
    used_ -= block.bytes;
    if (block.bytes < kSmallest) return std::free(block.data);
    try {
      blocks_.push_back(block);
    } catch (const std::bad_alloc&) {
      return std::free(block.data);
    }
    total_ += block.bytes;
    trim(limit());
  }
  /// Gives all spare blocks back to the system.
  void release() {
    const std::lock_guard lock(mutex_);
    trim(0);
  }

 private:
  void use(std::size_t bytes) { peak_ = std::max(peak_, used_ += bytes); }
  std::size_t limit() const { return std::max(kLeast, std::min(peak_ + peak_ / 2 - used_, most_)); }
  void trim(std::size_t limit) {
    while (total_ > limit) {  // the one that waited longest goes
      total_ -= blocks_.front().bytes;
      std::free(blocks_.front().data);
      blocks_.erase(blocks_.begin());
    }
  }
  static std::size_t sixteenth_of_memory() {
#if defined(__SANITIZE_ADDRESS__)
    return 0;  // each use after a return is to be seen
#elif defined(__linux__)
    return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) / 16 *
           static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
#else
    return 0;
#endif
  }
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t kLeast = 0;
#else
  static constexpr std::size_t kLeast = std::size_t{1} << 27;
#endif
  static constexpr std::size_t kSmallest = std::size_t{1} << 14;
  const std::size_t most_ = sixteenth_of_memory();
  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::size_t total_ = 0, used_ = 0, peak_ = 0;
};

Spare& spare() {
  static auto* blocks = new Spare;  // buffers of threads may outlive every other static
  return *blocks;
}

}  // namespace

template <class T>
void AlignedBuffer<T>::resize(std::int64_t count) {
  if (data_ != nullptr) spare().give({data_, bytes_});
  data_ = nullptr;
  bytes_ = 0;
  if (count <= 0) return;
  const std::size_t wanted = static_cast<std::size_t>(count) * sizeof(T);
  const std::size_t unit = wanted >= 2 * kHugePage ? kHugePage : kLine;
  const std::size_t bytes = (wanted + unit - 1) / unit * unit;
  const auto block = spare().take(bytes);
  if (block.data != nullptr) {
    data_ = block.data;
    bytes_ = block.bytes;
    return;
  }
  data_ = std::aligned_alloc(unit, bytes);
  if (data_ == nullptr) {
    spare().release();
    data_ = std::aligned_alloc(unit, bytes);
  }
  if (data_ == nullptr) throw std::bad_alloc();
  bytes_ = bytes;
  spare().made(bytes);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (unit == kHugePage) ::madvise(data_, bytes, MADV_HUGEPAGE);  // a wish, not a condition
#endif
}

template class AlignedBuffer<float>;
template class AlignedBuffer<double>;

}  // namespace hyena::kernels::cpu
