#include "datasets/crop.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/datasets/messages.h"
#include "tests/datasets/replayed_draws.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

constexpr double kScale[] = {0.08, 1.0};
constexpr double kRatio[] = {3.0 / 4, 4.0 / 3};
const double kLow = std::log(3.0 / 4), kHigh = std::log(4.0 / 3);

/// A gray picture whose pixel is 16 · row + column + 1.
Picture grid(std::int64_t height, std::int64_t width) {
  Picture picture{.pixels = {}, .height = height, .width = width, .channels = 1};
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      picture.pixels.push_back(static_cast<std::uint8_t>(16 * row + column + 1));
    }
  }
  return picture;
}

Bytes drawn(const Picture& picture, const CropPlan& plan, const Size& size,
            std::int64_t channels = 1) {
  Bytes out(static_cast<std::size_t>(size.height * size.width * channels), 99);
  draw(picture, plan, size, channels, out.data());
  return out;
}

TEST(RandomResizedCrop, TakesTheFirstTryThatFits) {
  // Half of 60 × 100 = 3000 pixels; aspect 4/3 gives √4000 = 63.2 by √2250 = 47.4.
  tests::ReplayedDraws draws(json::array(
      {json::array({"uniform", 0.08, 1.0, 0.5}), json::array({"uniform", kLow, kHigh, kHigh}),
       json::array({"randint", 0, 13, 4}), json::array({"randint", 0, 37, 30})}));
  EXPECT_EQ(random_resized_crop({60, 100}, kScale, kRatio, draws), (Box{4, 30, 47, 63}));
  EXPECT_TRUE(draws.used_up());
}

TEST(RandomResizedCrop, FallsBackToTheCentreWithinTheRatio) {
  // The whole area with aspect 3/4 never fits into a wide picture, nor 4/3 into a tall one.
  const auto ten_tries = [](double aspect) {
    auto draws = json::array();
    for (int i = 0; i < 10; ++i) {
      draws.push_back(json::array({"uniform", 0.08, 1.0, 1.0}));
      draws.push_back(json::array({"uniform", kLow, kHigh, aspect}));
    }
    return tests::ReplayedDraws(draws);
  };
  auto wide = ten_tries(kLow);
  EXPECT_EQ(random_resized_crop({60, 100}, kScale, kRatio, wide), (Box{0, 10, 60, 80}));
  auto tall = ten_tries(kHigh);
  EXPECT_EQ(random_resized_crop({100, 60}, kScale, kRatio, tall), (Box{10, 0, 80, 60}));
  auto square = ten_tries(kHigh);
  EXPECT_EQ(random_resized_crop({50, 50}, kScale, kRatio, square), (Box{0, 0, 50, 50}));
}

TEST(RandomResizedCrop, CoversAreasAndAspectsAsAsked) {
  Random random(5);
  double least = 1, most = 0;
  for (int i = 0; i < 5000; ++i) {
    const Box box = random_resized_crop({200, 300}, kScale, kRatio, random);
    ASSERT_GE(box.top, 0);
    ASSERT_GE(box.left, 0);
    ASSERT_LE(box.top + box.height, 200);
    ASSERT_LE(box.left + box.width, 300);
    const double area = static_cast<double>(box.height * box.width) / 60000;
    least = std::min(least, area);
    most = std::max(most, area);
    const double aspect = static_cast<double>(box.width) / static_cast<double>(box.height);
    ASSERT_GT(aspect, 0.73);
    ASSERT_LT(aspect, 1.36);
  }
  EXPECT_NEAR(least, 0.08, 0.01);
  EXPECT_GT(most, 0.85);
}

TEST(CentreCrop, MatchesTorchvisionsRounding) {
  // Resize(256) of 375 × 500 makes 256 × 341 (341.33 truncated); round(117 / 2 = 58.5) is 58.
  CropPlan plan = centre_crop({375, 500}, 224, 0.875);
  EXPECT_EQ(plan.resized, (Size{256, 341}));
  EXPECT_EQ(plan.top, 16);
  EXPECT_EQ(plan.left, 58);
  // 224 / 0.9 = 248.9 is cut to 248.
  EXPECT_EQ(centre_crop({500, 375}, 224, 0.9).resized, (Size{330, 248}));
  // A window larger than the picture: one black row more below than above.
  plan = centre_crop({3, 2}, 4, 2);
  EXPECT_EQ(plan.resized, (Size{3, 2}));
  EXPECT_EQ(plan.top, 0);
  EXPECT_EQ(plan.left, -1);
  EXPECT_EQ(drawn(grid(3, 2), plan, {4, 4}),
            (Bytes{0, 1, 2, 0, 0, 17, 18, 0, 0, 33, 34, 0, 0, 0, 0, 0}));
}

TEST(PadAndCrop, ShiftsOverABlackBorder) {
  tests::ReplayedDraws draws(
      json::array({json::array({"randint", -2, 2, -1}), json::array({"randint", -2, 2, 2})}));
  const CropPlan plan = pad_and_crop({4, 4}, 4, 2, draws);
  EXPECT_EQ(drawn(grid(4, 4), plan, {4, 4}),
            (Bytes{0, 0, 0, 0, 3, 4, 0, 0, 19, 20, 0, 0, 35, 36, 0, 0}));
  CropPlan mirrored = plan;
  mirrored.mirror = true;
  EXPECT_EQ(drawn(grid(4, 4), mirrored, {4, 4}),
            (Bytes{0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 20, 19, 0, 0, 36, 35}));
}

TEST(Draw, CutsWithoutResizingWhereSizesAgree) {
  const CropPlan plan{.source = {1, 1, 2, 3}, .resized = {2, 3}};
  EXPECT_EQ(drawn(grid(4, 5), plan, {2, 3}), (Bytes{18, 19, 20, 34, 35, 36}));
  const CropPlan far{.source = {0, 0, 4, 4}, .resized = {4, 4}, .top = 9, .left = -9};
  EXPECT_EQ(drawn(grid(4, 4), far, {1, 2}), (Bytes{0, 0}));
}

TEST(Draw, ConvertsChannels) {
  const Picture colours{
      .pixels = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9}, .height = 2, .width = 2, .channels = 3};
  const CropPlan whole{.source = {0, 0, 2, 2}, .resized = {2, 2}};
  EXPECT_EQ(drawn(colours, whole, {2, 2}, 3), (Bytes{255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9}));
  EXPECT_EQ(drawn(colours, whole, {2, 2}, 1), (Bytes{76, 150, 29, 9}));  // Pillow's convert("L")
  EXPECT_EQ(drawn(grid(1, 2), {.source = {0, 0, 1, 2}, .resized = {1, 2}}, {1, 2}, 3),
            (Bytes{1, 2, 1, 2, 1, 2}));
}

TEST(Draw, RefusesStripsThatWouldBecomeHuge) {
  const Picture strip = grid(1, 3000);
  EXPECT_EQ(tests::message_of<ReadError>([&] {
              drawn(strip, centre_crop({1, 3000}, 224, 0.875), {224, 224});
            }),
            "a picture of 1 x 3000 is too elongated: resized, it would be 256 x 768000");
}

constexpr double kLargestError = 0.1;

/// OpenCV's filters are not Pillow's, but the same picture in the same place comes out: a shift by
/// half a pixel would give errors of 5 to 20 per cent.
TEST(Draw, LiesWherePillowsResultLies) {
  if (!picture_support()) GTEST_SKIP() << "this build has no OpenCV";
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms");
  HYENA_REQUIRE_FOLDER(tests::data_dir() / "imagenet-sample");
  const auto index = json::parse(tests::read_file(tests::golden_dir() / "transforms/hashes.json"));
  int compared = 0;
  for (const auto& record : index.at("records")) {
    const std::string op = record.at("op");
    const bool eval = op.starts_with("eval_");
    if (!record.contains("array") || (!eval && !op.starts_with("random_resized_crop_"))) continue;
    const std::string name = record.at("image");
    const auto& p = record.at("params");
    const Picture picture = read_picture(tests::data_dir() / "imagenet-sample" / name);
    CropPlan plan;
    std::int64_t size = 0;
    if (eval) {
      size = p.at("crop");
      plan = centre_crop({picture.height, picture.width}, size,
                         size / (p.at("resize").get<double>() + 1e-9));
    } else {
      size = p.at("size");
      plan = {.source = {p.at("i"), p.at("j"), p.at("h"), p.at("w")}, .resized = {size, size}};
    }
    const Bytes bytes = drawn(picture, plan, {size, size}, 3);
    const auto arrays =
        tests::read_tensors(tests::golden_dir() / "transforms" /
                            (std::filesystem::path(name).stem().string() + ".safetensors"));
    const auto expected = arrays.at(record.at("array")).to(at::kDouble);  // (H, W, 3)
    auto ours = at::empty({3, size, size}, at::kByte);
    std::copy(bytes.begin(), bytes.end(), ours.data_ptr<std::uint8_t>());
    const double error = tests::relative_error(ours.permute({1, 2, 0}), expected);
    EXPECT_LT(error, kLargestError) << name << " " << op;
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace hyena::datasets
