#include "datasets/random_erasing.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/datasets/messages.h"
#include "tests/datasets/replayed_draws.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::datasets {
namespace {

TEST(GoldenErasing, ReplaysRecordedDraws) {
  const auto stem = tests::golden_dir() / "train" / "random_erasing";
  HYENA_REQUIRE_FOLDER(stem.parent_path());
  const auto tensors = tests::read_tensors(stem.string() + ".safetensors");
  const auto config = tests::read_config(stem.string() + ".json");
  const auto& image = tensors.at("image");
  int compared = 0;
  for (const auto& c : config.at("cases")) {
    ErasingOptions options{.probability = 1, .mode = "const"};
    for (const auto& draw : c.at("draws")) {  // the first randint is the count, where there is one
      if (draw.at(0).get<std::string>() != "randint") continue;
      if (draw.at(1).get<int>() == 1) options.count = draw.at(2);
      break;
    }
    tests::ReplayedDraws draws(c.at("draws"));
    const auto boxes = plan_erasing(options, {image.size(1), image.size(2)}, draws);
    EXPECT_TRUE(draws.used_up());
    const auto erased = image.clone();
    for (const Box& box : boxes) erase(erased, box, "const", 0);
    EXPECT_TRUE(erased.equal(tensors.at("const_" + c.at("case").dump()))) << c.dump();
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

TEST(PlanErasing, RefusesToTouchMostPicturesWhenRare) {
  int touched = 0;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    Random random(i);
    const auto boxes = plan_erasing({.probability = 0.25, .count = 3}, {32, 24}, random);
    touched += !boxes.empty();
    ASSERT_LE(boxes.size(), 3u);
    for (const Box& box : boxes) {
      ASSERT_TRUE(box.top >= 0 && box.left >= 0 && box.top + box.height <= 32 &&
                  box.left + box.width <= 24);
    }
  }
  EXPECT_NEAR(touched, 2500, 180);
}

TEST(Erase, NoiseIsThatOfTheScalarGenerator) {
  auto image = at::zeros({3, 9, 8}, at::kDouble);
  const Box box{2, 1, 4, 5};
  erase(image, box, "pixel", 77);
  auto expected = at::zeros({3, 9, 8}, at::kDouble);
  Random random(77);
  for (int c = 0; c < 3; ++c) {
    for (int row = 2; row < 6; ++row) {
      for (int column = 1; column < 6; ++column) expected[c][row][column] = random.normal();
    }
  }
  EXPECT_TRUE(tests::close(image, expected, 1e-12));
}

TEST(Erase, RandIsOneColourABox) {
  auto image = at::zeros({3, 9, 8});
  erase(image, {2, 1, 4, 5}, "rand", 78);
  Random random(78);
  for (int c = 0; c < 3; ++c) {
    const auto colour = at::full({4, 5}, random.normal());
    EXPECT_TRUE(tests::close(image[c].narrow(0, 2, 4).narrow(1, 1, 5), colour, 1e-6));
  }
  EXPECT_EQ(image.count_nonzero().item<std::int64_t>(), 60);
  EXPECT_EQ(tests::message_of<std::invalid_argument>([&] {
              erase(image, {0, 0, 1, 1}, "blur", 0);
            }),
            "random erasing: unknown remode 'blur'; one of const, rand, pixel");
}

TEST(RandomErasing, DependsOnTheSampleNotOnTheBatch) {
  const ErasingOptions options{.probability = 0.7, .mode = "pixel", .count = 2};
  auto all = at::ones({4, 3, 16, 16});
  random_erasing(all, options, 1, 5, {10, 11, 12, 13});
  auto pair = at::ones({2, 3, 16, 16});
  random_erasing(pair, options, 1, 5, {13, 11});
  EXPECT_TRUE(pair[0].equal(all[3]));
  EXPECT_TRUE(pair[1].equal(all[1]));
  EXPECT_FALSE(all.equal(at::ones({4, 3, 16, 16})));
  auto later = at::ones({4, 3, 16, 16});
  random_erasing(later, options, 1, 6, {10, 11, 12, 13});
  EXPECT_FALSE(later.equal(all));
}

}  // namespace
}  // namespace hyena::datasets
