#include <tuple>

#include <gtest/gtest.h>

#include "tests/kernels/cuda/method_case.h"

namespace hyena::kernels::cuda {
namespace {

MethodCase of(std::int64_t length, std::int64_t batch, std::int64_t channels, bool causal) {
  MethodCase c;
  c.method = "fused_fft";
  c.width = length;
  c.batch = batch;
  c.channels = channels;
  c.causal = causal;
  c.seed = static_cast<std::uint64_t>(length + 7 * batch);
  return c;
}

TEST(FusedFft, LongSequences) {
  expect_exact(of(4097, 2, 1, false));
  expect_exact(of(8192, 1, 2, true));
  expect_exact(of(8192, 1, 1, false));
  expect_exact(of(16384, 2, 1, true));
  expect_exact(of(16384, 1, 1, false));
  expect_exact(of(10000, 1, 1, false));
  for (const Type type : {Type::kBFloat16, Type::kFloat16}) {
    MethodCase c = of(8192, 1, 2, true);
    c.type = type;
    expect_exact(c);
  }
}

TEST(FusedFft, GradientsAddUpOverTheBatch) {
  // Few multiprocessors: a group of threads takes several items of the batch, some one less.
  for (const auto& [length, channels, batch] : {std::tuple{196, 17, 8},
                                                {500, 17, 5},
                                                {1000, 17, 4},
                                                {2048, 5, 4},
                                                {4096, 3, 5},
                                                {8192, 1, 3},
                                                {16384, 1, 3}}) {
    MethodCase c = of(length, batch, channels, length % 3 == 0);
    c.multiprocessors = 1;
    expect_exact(c);
  }
}

TEST(FusedFft, ServesSequencesThatFit) {
  Device device;
  const auto serves = [&](MethodCase c) {
    return choose_method(c.shape(), device)->name() == "fused_fft";
  };
  EXPECT_TRUE(serves(of(16384, 1, 1, true)));
  EXPECT_FALSE(serves(of(16385, 1, 1, true)));
  device.shared_per_block = 99 << 10;
  EXPECT_TRUE(serves(of(4096, 1, 1, true)));
  EXPECT_FALSE(serves(of(4097, 1, 1, true)));
  MethodCase grid = of(4, 1, 1, false);
  grid.height = 4;
  EXPECT_FALSE(serves(grid));
}

}  // namespace
}  // namespace hyena::kernels::cuda
