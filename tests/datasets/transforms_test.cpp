#include "datasets/transforms.h"

#include <set>

#include <gtest/gtest.h>

#include "datasets/picture_codec.h"
#include "tests/datasets/messages.h"

namespace hyena::datasets {
namespace {

using Bytes = std::vector<std::uint8_t>;

DatasetInfo small_data() {
  return {.name = "digits", .num_classes = 2, .channels = 1, .height = 4, .width = 4};
}
DatasetInfo photographs() {
  return {.name = "photos", .num_classes = 2, .channels = 3};
}

Picture noise(std::int64_t height, std::int64_t width, std::int64_t channels) {
  Picture picture{.pixels = Bytes(static_cast<std::size_t>(height * width * channels)),
                  .height = height,
                  .width = width,
                  .channels = channels};
  Random random(1);
  for (auto& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(random.bits());
  return picture;
}

Bytes apply(const Transform& transform, const Picture& picture, std::uint64_t key = 1) {
  Bytes out(static_cast<std::size_t>(transform.bytes()));
  Random random(key);
  transform(picture, random, out.data());
  return out;
}

std::string refusal(const TransformOptions& options, const DatasetInfo& info) {
  return tests::message_of<std::invalid_argument>([&] { make_train_transform(options, info); });
}

TEST(TrainTransform, OfSmallDataShiftsAndMirrorsOnly) {
  const Transform transform = make_train_transform({.crop_padding = 1}, small_data());
  EXPECT_EQ(transform.channels(), 1);
  EXPECT_EQ(transform.height(), 4);
  EXPECT_EQ(transform.width(), 4);
  const Picture picture = noise(4, 4, 1);
  std::set<Bytes> seen;
  for (std::uint64_t key = 0; key < 400; ++key) seen.insert(apply(transform, picture, key));
  EXPECT_EQ(seen.size(), 18u);  // 3 × 3 places, mirrored or not
  EXPECT_TRUE(seen.contains(picture.pixels));
}

TEST(TrainTransform, MirrorsWithItsProbability) {
  const Picture picture = noise(4, 4, 1);
  for (const auto& [probability, expected] : {std::pair{0.0, 0.0}, {0.25, 0.25}, {1.0, 1.0}}) {
    const Transform transform =
        make_train_transform({.crop_padding = 0, .hflip = probability}, small_data());
    int mirrored = 0;
    for (std::uint64_t key = 0; key < 4000; ++key) {
      mirrored += apply(transform, picture, key) != picture.pixels;
    }
    EXPECT_NEAR(mirrored / 4000.0, expected, 0.03);
  }
}

TEST(TrainTransform, OfPhotographsIsARandomResizedCrop) {
  if (!picture_support()) GTEST_SKIP() << "this build has no OpenCV";
  const Picture picture = noise(40, 30, 3);
  for (const char* filter : {"nearest", "bilinear", "bicubic", "area", "random"}) {
    const Transform transform =
        make_train_transform({.img_size = 16, .train_interpolation = filter}, photographs());
    EXPECT_EQ(transform.bytes(), 3 * 16 * 16);
    std::set<Bytes> seen;
    for (std::uint64_t key = 0; key < 20; ++key) seen.insert(apply(transform, picture, key));
    EXPECT_EQ(seen.size(), 20u) << filter;
    EXPECT_EQ(apply(transform, picture, 3), apply(transform, picture, 3)) << filter;
  }
}

TEST(TrainTransform, RandomInterpolationIsBilinearOrBicubic) {
  if (!picture_support()) GTEST_SKIP() << "this build has no OpenCV";
  const auto with = [](const std::string& filter) {
    return make_train_transform({.img_size = 8,
                                 .train_crop = "centre",
                                 .hflip = 0,
                                 .train_interpolation = filter,
                                 .crop_pct = 1},
                                photographs());
  };
  const Picture picture = noise(20, 20, 3);
  int bicubic = 0;
  for (std::uint64_t key = 0; key < 1000; ++key) {
    const Bytes result = apply(with("random"), picture, key);
    if (result == apply(with("bicubic"), picture)) {
      ++bicubic;
    } else {
      ASSERT_EQ(result, apply(with("bilinear"), picture));
    }
  }
  EXPECT_NEAR(bicubic, 500, 65);
}

TEST(EvalTransform, IsTheIdentityForDataOfOneSize) {
  const Picture picture = noise(4, 4, 1);
  EXPECT_EQ(apply(make_eval_transform({}, small_data()), picture), picture.pixels);
}

TEST(EvalTransform, MakesGrayOfColourWhereTheModelIsGray) {
  const Transform transform = make_eval_transform({}, small_data());
  const Picture white{.pixels = Bytes(48, 255), .height = 4, .width = 4, .channels = 3};
  EXPECT_EQ(apply(transform, white), Bytes(16, 255));
  EXPECT_EQ(make_eval_transform({.in_chans = 3}, small_data()).bytes(), 48);
}

TEST(Transform, RefusesContradictions) {
  EXPECT_EQ(refusal({}, photographs()),
            "transform: img_size is needed: the pictures of 'photos' are not squares of one size");
  EXPECT_EQ(refusal({.img_size = 8, .in_chans = 2}, photographs()),
            "transform: in_chans must be 1 (gray) or 3 (RGB), got 2");
  EXPECT_EQ(refusal({.img_size = 8, .train_crop = "square"}, photographs()),
            "transform: unknown train_crop 'square'; one of auto, rrc, pad, centre");
  EXPECT_EQ(refusal({.img_size = 8, .scale = {0.5}}, photographs()),
            "transform: scale must be two numbers, 0 < lowest <= highest");
  EXPECT_EQ(refusal({.img_size = 8, .ratio = {2, 1}}, photographs()),
            "transform: ratio must be two numbers, 0 < lowest <= highest");
  EXPECT_EQ(refusal({.img_size = 8, .train_interpolation = "lanczos"}, photographs()),
            "transform: unknown interpolation 'lanczos'; one of nearest, bilinear, bicubic, area");
}

TEST(Transform, WithoutOpenCvResizingSaysWhatIsMissing) {
  if (picture_support()) GTEST_SKIP() << "this build has OpenCV";
  EXPECT_EQ(tests::message_of<ReadError>(
                [] { apply(make_eval_transform({}, small_data()), noise(8, 8, 1)); }),
            "cannot resize a picture of 8 x 8 to 4 x 4: this program was built without OpenCV; "
            "install libopencv-dev and build with -DHYENA_OPENCV=ON, or keep the data's own size");
}

TEST(Transform, RefusesPicturesItCannotUse) {
  const Transform transform = make_eval_transform({}, small_data());
  const Picture odd{.pixels = Bytes(32), .height = 4, .width = 4, .channels = 2};
  EXPECT_EQ(tests::message_of<ReadError>([&] { apply(transform, odd); }),
            "a picture of 4 x 4 with 2 channels and 32 bytes; gray or RGB is needed");
}

}  // namespace
}  // namespace hyena::datasets
