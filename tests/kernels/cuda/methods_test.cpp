#include "kernels/cuda/methods.h"

#include <algorithm>
#include <cctype>

#include <gtest/gtest.h>

#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/cuda/method_case.h"

/// What every method must do with the shapes that it serves. What one method does its own way is in
/// its own test.
namespace hyena::kernels::cuda {
namespace {

constexpr Type kTypes[] = {Type::kFloat32, Type::kFloat16, Type::kBFloat16};

class Methods : public testing::TestWithParam<MethodKind> {
 protected:
  static MethodCase of(std::int64_t height, std::int64_t width) {
    MethodCase c;
    c.method = GetParam().name;
    c.height = height;
    c.width = width;
    c.batch = c.channels = 3;
    c.seed = static_cast<std::uint64_t>(31 * height + width);
    return c;
  }
  void check(const MethodCase& c) {
    if (!GetParam().make(c.shape(), test_device())) return;
    ++served_;
    expect_exact(c);
  }
  /// Of sequences with lags 0, 1, … and centred ones.
  void check_both(MethodCase c) {
    for (const bool causal : {true, false}) {
      c.causal = causal;
      check(c);
    }
  }
  void check_grids(MethodCase c) {
    for (const bool circular : {false, true}) {
      c.circular = circular;
      check(c);
    }
  }
  void TearDown() override {
    if (served_ == 0) GTEST_SKIP() << GetParam().name << " serves none of these shapes";
  }

 private:
  int served_ = 0;
};

TEST_P(Methods, Sequences) {
  for (const std::int64_t length : {1, 2, 3, 5, 7, 31, 64, 196, 197, 255, 256}) {
    for (const Type type : kTypes) {
      MethodCase c = of(1, length);
      c.type = type;
      check_both(c);
    }
  }
}

TEST_P(Methods, LongerSequences) {
  if (std::string(GetParam().name) == "direct") GTEST_SKIP() << "sums take too long";
  for (const std::int64_t length : {257, 512, 1000, 1024, 2048, 2310, 4096, 4097}) {
    for (const Type type : kTypes) {
      if (length > 2000 && type != kTypes[length % 3]) continue;
      MethodCase c = of(1, length);
      c.type = type;
      c.channels = length == 1000 ? 3 : 1;
      c.batch = 2;
      check_both(c);
    }
  }
}

TEST_P(Methods, Grids) {
  int i = 0;
  for (const auto& [height, width] :
       {std::pair{1, 1}, {1, 9}, {9, 1}, {2, 3}, {7, 7}, {5, 8}, {13, 11}, {14, 10}, {14, 14}}) {
    check_grids(of(height, width));
    MethodCase c = of(height, width);
    c.type = kTypes[1 + i++ % 2];
    check_grids(c);
  }
}

TEST_P(Methods, FiltersOfOtherSizes) {
  for (const auto& [height, width] : {std::pair{3, 5}, {1, 1}, {4, 2}, {40, 37}}) {
    MethodCase c = of(6, 17);
    c.taps_height = height;
    c.taps_width = width;
    check_grids(c);
  }
  for (const std::int64_t taps : {1, 4, 29, 100, 1300}) {
    MethodCase c = of(1, 121);
    c.taps_width = taps;
    check_both(c);
  }
}

TEST_P(Methods, TypesGatesAndSharedFilters) {
  for (const Type type : kTypes) {
    for (int gates = 0; gates < 8; ++gates) {
      for (MethodCase c : {of(1, 137), of(5, 8)}) {
        c.channels = 6;
        c.rows = gates % 3 == 0 ? 1 : 2;
        c.type = type;
        c.q = (gates & 1) != 0;
        c.k = (gates & 2) != 0;
        c.bias = (gates & 4) != 0;
        if (c.height == 1) {
          c.causal = gates % 3 == 0;
        } else {
          c.circular = gates % 2 == 0;
        }
        check(c);
      }
    }
  }
}

TEST_P(Methods, ManyChannels) {
  for (MethodCase c : {of(1, 196), of(5, 8)}) {
    c.channels = 17;
    c.batch = 5;
    check(c);
  }
}

// Two neighbours cannot be moved at once.
TEST_P(Methods, RowsAtOddElements) {
  for (const Type type : kTypes) {
    for (MethodCase c : {of(1, 196), of(1, 1024), of(6, 8)}) {
      if (c.width > 196 && c.method == "direct") continue;
      c.batch = c.channels = 2;
      c.odd_rows = true;
      c.causal = c.height == 1;
      c.type = type;
      check(c);
    }
  }
}

TEST_P(Methods, NoItemsGiveNoGradient) {
  for (const std::int64_t length : {100, 4097}) {
    MethodCase c = of(1, length);
    c.causal = true;
    c.batch = 0;
    check(c);
  }
}

INSTANTIATE_TEST_SUITE_P(, Methods, testing::ValuesIn(kMethods, kMethods + kMethodCount),
                         [](const auto& kind) {
                           std::string name = kind.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace hyena::kernels::cuda
