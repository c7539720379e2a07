#include "inspect/tensor_table.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "backbone/tensor_file.h"
#include "tests/support/files.h"

namespace hyena::inspect {
namespace {

using backbone::SafetensorsFile;
using backbone::TensorMap;
using backbone::write_tensors;

std::vector<TensorRow> rows_of(const TensorMap& tensors) {
  const tests::TemporaryFolder folder;
  write_tensors(folder / "a", tensors);
  return tensor_table(SafetensorsFile(folder / "a"));
}

TEST(TensorTable, MeasuresInDouble) {
  // Around an offset that float32 sums of squares would drown in.
  const auto x = at::randn({700, 1500}, at::kDouble) + 1e6;
  const auto row = rows_of({{"x", x}}).at(0);
  EXPECT_EQ(row.shape, (std::vector<std::int64_t>{700, 1500}));
  EXPECT_EQ(row.finite, 700 * 1500);
  EXPECT_EQ(row.min, x.min().item<double>());
  EXPECT_EQ(row.max, x.max().item<double>());
  EXPECT_NEAR(row.mean / x.mean().item<double>(), 1.0, 1e-12);
  EXPECT_NEAR(row.std / x.std(/*unbiased=*/false).item<double>(), 1.0, 1e-9);
}

TEST(TensorTable, ReadsEveryKindOfNumber) {
  const auto values = at::tensor({-3.0, 0.5, 2.0, 4.0}, at::kDouble);
  for (const auto type :
       {at::kHalf, at::kBFloat16, at::kFloat, at::kFloat8_e5m2, at::kFloat8_e4m3fn}) {
    const auto row = rows_of({{"x", values.to(type)}}).at(0);
    EXPECT_EQ(row.min, -3.0) << row.dtype;
    EXPECT_EQ(row.max, 4.0) << row.dtype;
    EXPECT_EQ(row.mean, 0.875) << row.dtype;
  }
  for (const auto type : {at::kChar, at::kShort, at::kInt, at::kLong}) {
    const auto row = rows_of({{"x", at::tensor({-100, 50, 20}).to(type)}}).at(0);
    EXPECT_EQ(row.min, -100) << row.dtype;
    EXPECT_EQ(row.mean, -10) << row.dtype;
  }
  for (const auto type : {at::kByte, at::kUInt16, at::kUInt32, at::kUInt64}) {
    const auto row = rows_of({{"x", at::tensor({200, 100}).to(type)}}).at(0);
    EXPECT_EQ(row.max, 200) << row.dtype;
    EXPECT_EQ(row.std, 50) << row.dtype;
  }
  EXPECT_EQ(rows_of({{"x", at::tensor({1, 0, 1, 1}).to(at::kBool)}}).at(0).mean, 0.75);
  const auto row = rows_of({{"x", at::complex(at::tensor({3.0F}), at::tensor({-4.0F}))}}).at(0);
  EXPECT_EQ(row.max, 5.0);
}

TEST(TensorTable, CountsWhatIsNotANumber) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const auto rows = rows_of({{"b", at::tensor({NAN, 2.0F, -kInf, 4.0F, kInf, NAN, NAN})},
                             {"a", at::tensor({NAN})},
                             {"c", at::empty({0, 3})}});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].name, "a");
  EXPECT_EQ(rows[0].nan, 1);
  EXPECT_EQ(rows[0].finite, 0);
  EXPECT_EQ(rows[1].nan, 3);
  EXPECT_EQ(rows[1].inf, 2);
  EXPECT_EQ(rows[1].mean, 3.0);
  EXPECT_EQ(rows[1].std, 1.0);
  EXPECT_EQ(rows[2].numel, 0);
  EXPECT_EQ(to_text(rows),
            "tensor  dtype  shape   min  max  mean  std\n"
            "a       F32    [1]       -    -     -    -        1 NaN\n"
            "b       F32    [7]       2    4     3    1  3 NaN 2 Inf\n"
            "c       F32    [0, 3]    -    -     -    -\n");
  const nlohmann::json json = to_json(rows);
  EXPECT_EQ(json[1], nlohmann::json({{"name", "b"},
                                     {"dtype", "F32"},
                                     {"shape", {7}},
                                     {"numel", 7},
                                     {"nan", 3},
                                     {"inf", 2},
                                     {"min", 2.0},
                                     {"max", 4.0},
                                     {"mean", 3.0},
                                     {"std", 1.0}}));
  EXPECT_TRUE(json[0].at("mean").is_null());
}

}  // namespace
}  // namespace hyena::inspect
