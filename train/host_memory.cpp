#include "train/host_memory.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace hyena::train {

void keep_host_memory() {
#if defined(__GLIBC__)
  constexpr int kLargestInHeap = 32 << 20;  // more is refused; larger blocks are always mapped
  const auto unset = [](const char* name) { return std::getenv(name) == nullptr; };
  if (unset("MALLOC_MMAP_THRESHOLD_")) mallopt(M_MMAP_THRESHOLD, kLargestInHeap);
  if (unset("MALLOC_TRIM_THRESHOLD_")) mallopt(M_TRIM_THRESHOLD, -1);  // never
  if (unset("MALLOC_TOP_PAD_")) mallopt(M_TOP_PAD, 64 << 20);
  setenv("THP_MEM_ALLOC_ENABLE", "1", /*overwrite=*/0);  // read by LibTorch's allocator once
#endif
}

}  // namespace hyena::train
