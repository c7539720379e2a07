#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datasets/crop.h"
#include "datasets/dataset.h"
#include "datasets/random.h"

namespace hyena::datasets {

/// How pictures are prepared, for training and for evaluation. Erasing, mean and std act on float
/// batches: see random_erasing.h and normalise.h.
struct TransformOptions {
  std::int64_t img_size = 0;
  std::int64_t in_chans = 0;
  std::vector<double> mean = {};
  std::vector<double> std = {};
  std::string train_crop = "auto";
  std::vector<double> scale = {0.08, 1.0};
  std::vector<double> ratio = {3.0 / 4, 4.0 / 3};
  std::int64_t crop_padding = 4;
  double hflip = 0.5;
  std::string train_interpolation = "area";
  double reprob = 0;
  std::string remode = "pixel";
  std::int64_t recount = 1;
  double crop_pct = 0;
  std::string interpolation = "area";

  template <class Visitor>
  void visit(Visitor& v) {
    v.field(
        "img_size", img_size,
        {.help = "height and width the model sees; 0: the data's own", .unit = "pixels", .min = 0});
    v.field("in_chans", in_chans,
            {.help = "channels the model sees: 1 gray, 3 RGB, 0 as the data", .min = 0, .max = 3});
    v.field("mean", mean,
            {.help = "mean of each channel, pixels in [0, 1]; empty: the data's own"});
    v.field("std", std, {.help = "deviation of each channel; empty: the data's own"});
    v.field("train_crop", train_crop,
            {.help = "rrc: random resized crop; pad: pad and crop; centre: as in evaluation; auto: "
                     "pad for data of one size, else rrc",
             .choices = {"auto", "rrc", "pad", "centre"}});
    v.field("scale", scale,
            {.help = "area of a random resized crop, lowest and highest part", .min = 0, .max = 1});
    v.field("ratio", ratio,
            {.help = "width by height of a random resized crop, lowest and highest", .min = 0});
    v.field("crop_padding", crop_padding,
            {.help = "border added before a pad-and-crop", .unit = "pixels", .min = 0});
    v.field("hflip", hflip, {.help = "probability of a mirrored picture", .min = 0, .max = 1});
    v.field("train_interpolation", train_interpolation,
            {.help = "resizing in training; random: bilinear or bicubic, a coin for each picture",
             .choices = {"nearest", "bilinear", "bicubic", "area", "random"}});
    v.field("reprob", reprob, {.help = "probability of random erasing", .min = 0, .max = 1});
    v.field("remode", remode,
            {.help = "erased pixels: const 0, rand a normal colour, pixel normal noise",
             .choices = {"const", "rand", "pixel"}});
    v.field("recount", recount, {.help = "most boxes erased from a picture", .min = 1});
    v.field("crop_pct", crop_pct,
            {.help = "part of the shorter side that evaluation sees; 0: 1 for data of one size, "
                     "else 0.875",
             .min = 0,
             .max = 1});
    v.field(
        "interpolation", interpolation,
        {.help = "resizing in evaluation", .choices = {"nearest", "bilinear", "bicubic", "area"}});
  }
};

/// Picture → uint8 planes of a fixed size. A value; copies share nothing; calls may run on any
/// number of threads. Further augmentations of uint8 pictures compose here, before `draw`.
class Transform {
 public:
  using Planner = std::function<CropPlan(const Size& picture, Draws& draws)>;

  /// `plan` decides from the picture's size and the sample's own random numbers.
  Transform(std::int64_t channels, Size size, Planner plan)
      : channels_(channels), size_(size), plan_(std::move(plan)) {}

  std::int64_t channels() const { return channels_; }
  std::int64_t height() const { return size_.height; }
  std::int64_t width() const { return size_.width; }
  /// channels · height · width.
  std::int64_t bytes() const { return channels_ * size_.height * size_.width; }

  /// Writes bytes() bytes, (C, H, W). Throws ReadError for a picture that is neither gray nor RGB.
  void operator()(const Picture& picture, Draws& draws, std::uint8_t* out) const;

 private:
  std::int64_t channels_;
  Size size_;
  Planner plan_;
};

/// Crop (train_crop), resize, mirror. Throws std::invalid_argument that names the option for values
/// that contradict each other or the data.
Transform make_train_transform(const TransformOptions& options, const DatasetInfo& info);

/// Resize the shorter side to img_size / crop_pct, centre crop. Draws nothing.
Transform make_eval_transform(const TransformOptions& options, const DatasetInfo& info);

/// "nearest", "bilinear", "bicubic", "area"; throws std::invalid_argument for another name.
Interpolation interpolation_of(const std::string& name);

}  // namespace hyena::datasets
