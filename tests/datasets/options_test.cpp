#include "backbone/options.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "datasets/loader.h"
#include "datasets/mixing.h"
#include "datasets/transforms.h"

/// The options structs know nothing of the visitors of other folders, but fit them.
namespace hyena::datasets {
namespace {

using nlohmann::json;

TEST(Options, OfTransformsPassThroughJson) {
  TransformOptions options;
  options.img_size = 64;
  options.scale = {0.3, 0.9};
  options.train_crop = "pad";
  const json written = backbone::json_of(options);
  EXPECT_EQ(written.at("img_size"), 64);
  const auto read = backbone::options_of<TransformOptions>(written, "data options");
  EXPECT_EQ(backbone::json_of(read), written);
  EXPECT_THROW(backbone::options_of<TransformOptions>({{"hflip", 1.5}}, "data options"),
               backbone::OptionError);
  EXPECT_THROW(backbone::options_of<TransformOptions>({{"train_crop", "square"}}, "data options"),
               backbone::OptionError);
}

TEST(Options, OfLoaderAndMixingPassThroughJson) {
  EXPECT_EQ(backbone::options_of<LoaderOptions>({{"batch_size", 7}}, "loader").batch_size, 7);
  EXPECT_EQ(backbone::options_of<MixingOptions>({{"cutmix", 0.5}}, "mixing").cutmix, 0.5);
}

TEST(Options, ADatasetsInfoIsKeptByModels) {
  const DatasetInfo info{.name = "folder:x",
                         .num_classes = 2,
                         .class_names = {"cat", "dog"},
                         .channels = 3,
                         .mean = {0.1, 0.2, 0.3},
                         .std = {1, 2, 3}};
  const auto read = backbone::options_of<DatasetInfo>(backbone::json_of(info), "data");
  EXPECT_EQ(read.class_names, info.class_names);
  EXPECT_EQ(read.mean, info.mean);
  EXPECT_EQ(read.height, 0);
}

}  // namespace
}  // namespace hyena::datasets
