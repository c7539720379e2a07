#include "train/host_memory.h"

#include <sys/resource.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hyena::train {
namespace {

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TEST(HostMemory, FreedTensorsServeTheNext) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
  GTEST_SKIP() << "another allocator than glibc's";
#endif
  keep_host_memory();
  constexpr std::int64_t kFloats = std::int64_t{4} << 20;  // 16 MiB: 4096 small pages
  const auto use = [] { return at::ones({kFloats}).sum().item<float>(); };
  use();
  use();
  const long before = page_faults();
  for (int i = 0; i < 4; ++i) use();
  EXPECT_LT(page_faults() - before, 400) << "memory goes back to the system between tensors";
}

}  // namespace
}  // namespace hyena::train
