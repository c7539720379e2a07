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

TEST(FusedFft, ShortSequences) {
  for (const std::int64_t length : {1, 2, 3, 5, 7, 31, 196, 197, 255, 256}) {
    for (const bool causal : {true, false}) expect_exact(of(length, 3, 3, causal));
  }
}

TEST(FusedFft, EveryPaddedLength) {
  for (const std::int64_t length : {257, 512, 1000, 1024, 2048, 2310, 4096}) {
    for (const bool causal : {true, false}) expect_exact(of(length, 2, 3, causal));
  }
}

TEST(FusedFft, LongSequences) {
  expect_exact(of(4097, 2, 1, false));
  expect_exact(of(8192, 1, 2, true));
  expect_exact(of(8192, 1, 1, false));
  expect_exact(of(16384, 2, 1, true));
  expect_exact(of(16384, 1, 1, false));
  expect_exact(of(10000, 1, 1, false));
}

TEST(FusedFft, Channels) {
  expect_exact(of(196, 5, 17, false));
  expect_exact(of(1000, 3, 17, true));
  expect_exact(of(2048, 1, 17, false));
  expect_exact(of(4096, 1, 1, true));
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

TEST(FusedFft, NoItemsGiveNoGradient) {
  const MethodErrors e = errors_of(of(100, 0, 2, true));
  EXPECT_EQ(e.dh, 0);
  EXPECT_EQ(e.db, 0);
}

TEST(FusedFft, TypesOfElements) {
  for (const Type type : {Type::kBFloat16, Type::kFloat16}) {
    // Odd lengths are moved element by element, even ones in pairs.
    for (const std::int64_t length : {197, 196, 512, 1000, 2310, 4097, 8192}) {
      MethodCase c = of(length, 1, 2, length % 3 == 0);
      c.type = type;
      expect_exact(c);
    }
  }
}

TEST(FusedFft, RowsAtOddElements) {
  for (const Type type : {Type::kFloat32, Type::kBFloat16, Type::kFloat16}) {
    for (const std::int64_t length : {196, 1024, 2048}) {
      MethodCase c = of(length, 2, 2, true);
      c.odd_rows = true;
      c.type = type;
      expect_exact(c);
    }
  }
}

TEST(FusedFft, AbsentTensorsAndSharedFilters) {
  for (const bool causal : {true, false}) {
    MethodCase c = of(300, 2, 4, causal);
    c.q = false;
    expect_exact(c);
    c.k = false;
    c.bias = false;
    expect_exact(c);
    c.q = true;
    c.rows = 2;
    expect_exact(c);
  }
}

TEST(FusedFft, FiltersOfOtherSizes) {
  for (const std::int64_t taps : {1, 4, 29, 500, 1300}) {
    for (const bool causal : {true, false}) {
      MethodCase c = of(400, 2, 3, causal);
      c.taps_width = taps;
      expect_exact(c);
    }
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
