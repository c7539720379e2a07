#include <gtest/gtest.h>

#include "kernels/cuda/method.h"
#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/cuda/method_case.h"

namespace hyena::kernels::cuda {
namespace {

MethodCase of(std::int64_t height, std::int64_t width, std::int64_t batch, std::int64_t channels) {
  MethodCase c;
  c.method = "toeplitz";
  c.height = height;
  c.width = width;
  c.batch = batch;
  c.channels = channels;
  c.seed = static_cast<std::uint64_t>(31 * height + width + 7 * batch);
  return c;
}

constexpr Type kTypes[] = {Type::kFloat32, Type::kFloat16, Type::kBFloat16};

// One line for an item or up to 16, one tile for a block or several, whole or in part.
TEST(Toeplitz, BatchesOfAllSizes) {
  for (const std::int64_t batch : {1, 2, 5, 15, 16, 17, 50}) {
    for (const bool causal : {true, false}) {
      MethodCase c = of(1, 100, batch, 2);
      c.causal = causal;
      expect_exact(c);
    }
  }
  for (const std::int64_t batch : {1, 16, 35}) {
    MethodCase c = of(1, 1024, batch, 1);
    c.causal = true;
    c.type = Type::kBFloat16;
    expect_exact(c);
    expect_exact(of(9, 14, batch, 2));
  }
  MethodCase many = of(1, 60, 300, 1);
  many.channels = 17;
  many.batch = 33;
  expect_exact(many);
}

// On a GPU of one processor and little memory, a block goes through several tiles, the last one in
// part.
TEST(Toeplitz, SeveralTilesOfABlock) {
  for (const Type type : kTypes) {
    for (MethodCase c : {of(1, 16, 137, 8), of(5, 4, 30, 8)}) {
      c.rows = 2;
      c.type = type;
      c.multiprocessors = 1;
      expect_exact(c);
    }
  }
  MethodCase c = of(1, 300, 9, 8);
  c.causal = true;
  c.multiprocessors = 1;
  c.shared_per_block = 20 << 10;
  expect_exact(c);
  c = of(1, 2048, 3, 1);
  c.causal = true;
  c.shared_per_block = 48 << 10;
  expect_exact(c);
}

TEST(Toeplitz, Grids) {
  for (const bool circular : {false, true}) {
    for (const auto& [height, width] : {std::pair{28, 28}, {2, 33}, {1, 50}, {40, 40}}) {
      const bool large = height * width > 400;
      for (const Type type : kTypes) {
        if (large && type == Type::kFloat16) continue;
        MethodCase c = of(height, width, large ? 1 : 3, large ? 1 : 3);
        c.circular = circular;
        c.type = type;
        expect_exact(c);
      }
    }
  }
}

// k ⊙ v is beyond float16 in both directions, and nothing may be lost.
TEST(Toeplitz, SizesBeyondFloat16) {
  for (const std::int64_t length : {100, 300}) {
    for (const bool causal : {true, false}) {
      for (const auto& [type, size] : {std::pair{Type::kFloat16, 300.0},
                                       {Type::kFloat16, 2e-3},
                                       {Type::kBFloat16, 1e9},
                                       {Type::kBFloat16, 1e-9},
                                       {Type::kFloat32, 1e9},
                                       {Type::kFloat32, 1e-13}}) {
        MethodCase c = of(1, length, 3, 2);
        c.causal = causal;
        c.type = type;
        c.size = size;
        expect_exact(c);
      }
    }
  }
}

TEST(Toeplitz, IsChosenWhereItShouldWin) {
  const auto chosen = [](MethodCase c, bool causal, Type type) {
    c.causal = causal;
    c.type = type;
    return choose_method(c.shape(), test_device())->name() == "toeplitz";
  };
  EXPECT_TRUE(chosen(of(1, 1024, 1, 1), true, Type::kBFloat16));
  EXPECT_TRUE(chosen(of(1, 512, 1, 1), false, Type::kFloat16));
  EXPECT_TRUE(chosen(of(14, 14, 1, 1), false, Type::kFloat32));
  EXPECT_FALSE(chosen(of(1, 1025, 1, 1), true, Type::kBFloat16));
  EXPECT_FALSE(chosen(of(1, 1024, 1, 1), true, Type::kFloat32));
  EXPECT_FALSE(chosen(of(56, 56, 1, 1), false, Type::kBFloat16));
  MethodCase c = of(1, 2049, 1, 1);
  c.causal = true;
  EXPECT_THROW(choose_method(c.shape(), test_device(), "toeplitz"), ArgumentError);
}

}  // namespace
}  // namespace hyena::kernels::cuda
