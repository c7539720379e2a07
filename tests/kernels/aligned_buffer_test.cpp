#include "kernels/cpu/aligned_buffer.h"

#include <cstdint>
#include <new>

#include <gtest/gtest.h>

namespace hyena::kernels::cpu {
namespace {

#if !defined(__SANITIZE_ADDRESS__)
TEST(AlignedBuffer, WhatIsGivenBackServesTheNextOfItsSize) {
  AlignedBuffer<float> first(100000);
  const float* place = first.data();
  first.resize(0);
  const AlignedBuffer<float> larger(200000);  // takes another
  EXPECT_NE(larger.data(), place);
  const AlignedBuffer<float> again(100000);
  EXPECT_EQ(again.data(), place);
}

#endif

TEST(AlignedBuffer, RefusesWhatTheMachineCannotGive) {
  AlignedBuffer<double> buffer;
  EXPECT_THROW(buffer.resize(std::int64_t{1} << 58), std::bad_alloc);
  EXPECT_EQ(buffer.data(), nullptr);
  buffer.resize(1000);  // and goes on
  buffer.data()[999] = 1;
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U);
}

}  // namespace
}  // namespace hyena::kernels::cpu
