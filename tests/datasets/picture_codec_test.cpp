#include "datasets/picture_codec.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/picture_format.h"
#include "tests/datasets/messages.h"
#include "tests/datasets/sha256.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::vector<std::uint8_t> bytes_of(const fs::path& path) {
  const std::string text = tests::read_file(path);
  return {text.begin(), text.end()};
}

std::string refusal(const std::vector<std::uint8_t>& bytes) {
  return tests::message_of<ReadError>([&] { decode_picture(bytes, "x.jpg"); });
}

/// OpenCV converts CMYK by other rounding, and takes the upper 8 of 16 bits where Pillow clips.
const std::set<std::string> kDiffers = {"made/cmyk.jpg", "made/gray16.png"};

json golden_index() {
  return json::parse(tests::read_file(tests::golden_dir() / "transforms" / "hashes.json"));
}

TEST(Sha256, OfThePublishedExample) {
  const std::vector<std::uint8_t> abc = {'a', 'b', 'c'};
  EXPECT_EQ(tests::sha256(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DecodePicture, EqualsPillowOnRealPhotographs) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms");
  HYENA_REQUIRE_FOLDER(tests::data_dir() / "imagenet-sample");
  int equal = 0;
  const json index = golden_index();
  for (const auto& record : index.at("records")) {
    if (record.at("op").get<std::string>() != "decode_rgb") continue;
    const std::string name = record.at("image");
    const Picture picture = read_picture(tests::data_dir() / "imagenet-sample" / name);
    EXPECT_EQ(picture.height, record.at("shape").at(0));
    EXPECT_EQ(picture.width, record.at("shape").at(1));
    EXPECT_EQ(tests::sha256(picture.pixels), record.at("sha256")) << name;
    ++equal;
  }
  EXPECT_GT(equal, 0);
}

TEST(DecodePicture, EqualsPillowOnAwkwardFiles) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms" / "made");
  const json index = golden_index();
  for (const auto& record : index.at("made")) {
    const std::string file = record.at("file");
    const auto bytes = bytes_of(tests::golden_dir() / "transforms" / file);
    if (record.contains("error")) {
      EXPECT_NE(refusal(bytes), "(nothing was thrown)") << file;
      continue;
    }
    const Picture picture = decode_picture(bytes, file);
    EXPECT_EQ(picture.height, record.at("shape").at(0)) << file;
    EXPECT_EQ(picture.width, record.at("shape").at(1)) << file;
    EXPECT_EQ(tests::sha256(picture.pixels) == record.at("rgb_sha256"), !kDiffers.contains(file))
        << file;
  }
}

TEST(DecodePicture, RefusesWhatIsNoPicture) {
  EXPECT_EQ(refusal({}), "x.jpg: empty file");
  EXPECT_EQ(refusal({'h', 'e', 'l', 'l', 'o', ' ', 1, 2}),
            "x.jpg: not a picture: starts with 'hello ..', which is neither JPEG, PNG, BMP, WebP, "
            "TIFF nor PNM");
}

TEST(DecodePicture, GoesByContentNotByName) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms" / "made");
  const auto png = bytes_of(tests::golden_dir() / "transforms/made/rgb.png");
  const Picture picture = decode_picture(png, "n02105855_2933.JPEG");
  EXPECT_EQ(picture.height, 47);
  EXPECT_EQ(picture.width, 61);
}

TEST(DecodePicture, RefusesEveryCutOfAPicture) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms" / "made");
  for (const char* name : {"baseline_422.jpg", "progressive_420.jpg", "restart.jpg", "rgb.png",
                           "exif_orientation6.jpg"}) {
    const auto whole = bytes_of(tests::golden_dir() / "transforms/made" / name);
    const auto format = sniff_format(whole);
    ASSERT_EQ(find_truncation(whole, format), "") << name;
    for (std::size_t length = kSniffBytes; length < whole.size(); length += 13) {
      EXPECT_NE(find_truncation({whole.data(), length}, format), "") << name << " " << length;
    }
    EXPECT_NE(find_truncation({whole.data(), whole.size() - 1}, format), "") << name;
    const std::vector<std::uint8_t> half(
        whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
    EXPECT_EQ(refusal(half),
              "x.jpg: truncated: " + std::to_string(half.size()) +
                  (format == PictureFormat::kJpeg ? " bytes without JPEG's end-of-image marker"
                                                  : " bytes without PNG's end chunk"));
  }
}

TEST(DecodePicture, AllowsBytesAfterTheEnd) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms" / "made");
  auto bytes = bytes_of(tests::golden_dir() / "transforms/made/baseline_422.jpg");
  const Picture picture = decode_picture(bytes, "x.jpg");
  bytes.insert(bytes.end(), 100, 0);
  EXPECT_EQ(decode_picture(bytes, "x.jpg").pixels, picture.pixels);
}

TEST(DecodePicture, RefusesDamagedHeaders) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir() / "transforms" / "made");
  auto bytes = bytes_of(tests::golden_dir() / "transforms/made/rgb.png");
  bytes[17] = 0xff;  // the width, which its checksum no longer matches
  EXPECT_EQ(refusal(bytes), "x.jpg: damaged: the decoder finds no picture in it");
}

}  // namespace
}  // namespace hyena::datasets
