// Part of the test programs of the CPU kernels: HYENA_INSTRUCTION_SET in the environment, "avx2" or
// "baseline", has the whole program run on that set instead of on the machine's best one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <hwy/targets.h>

#include <gtest/gtest.h>

#include "kernels/cpu/group.h"

namespace hyena::kernels {
namespace {

constexpr int kSkipped = 77;  // what CTest takes for it, see CMakeLists.txt

/// Before main(), for kernels are chosen once, when they are first called. Gives the Highway target
/// asked for, 0 if none is.
std::int64_t choose() {
  const char* name = std::getenv("HYENA_INSTRUCTION_SET");
  if (name == nullptr) return 0;
  const std::string wanted = name;
  if (wanted != "avx2" && wanted != "baseline") {
    std::fprintf(stderr, "HYENA_INSTRUCTION_SET must be avx2 or baseline, got %s\n", name);
    std::exit(EXIT_FAILURE);
  }
  const std::int64_t target = wanted == "avx2" ? HWY_AVX2 : HWY_STATIC_TARGET;
  if (wanted == "avx2" && (hwy::SupportedTargets() & HWY_AVX2) == 0) {
    std::fprintf(stderr, "skipped: this machine has no AVX2\n");
    std::exit(kSkipped);
  }
  hwy::DisableTargets(~target);
  return target;
}

const std::int64_t target = choose();

TEST(InstructionSet, IsTheOneAskedFor) {
  if (target == 0) return;
  EXPECT_STREQ(cpu::group_kernels<float>().instruction_set, hwy::TargetName(target));
}

}  // namespace
}  // namespace hyena::kernels
