#include "datasets/transforms.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hyena::datasets {
namespace {

/// What the options mean for this dataset.
struct Resolved {
  std::int64_t channels = 0;
  std::int64_t size = 0;
  double crop_pct = 0;
  bool one_size = false;
};

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("transform: " + what);
}

Resolved resolve(const TransformOptions& options, const DatasetInfo& info) {
  Resolved r;
  r.one_size = info.height > 0 && info.height == info.width;
  r.size = options.img_size > 0 ? options.img_size : (r.one_size ? info.height : 0);
  if (r.size == 0) {
    fail("img_size is needed: the pictures of '" + info.name + "' are not squares of one size");
  }
  r.channels = options.in_chans > 0 ? options.in_chans : info.channels;
  if (r.channels != 1 && r.channels != 3) {
    fail("in_chans must be 1 (gray) or 3 (RGB), got " + std::to_string(r.channels));
  }
  r.crop_pct = options.crop_pct > 0 ? options.crop_pct : (r.one_size ? 1.0 : 0.875);
  return r;
}

void check_pair(const char* name, const std::vector<double>& pair) {
  if (pair.size() == 2 && pair[0] > 0 && pair[0] <= pair[1]) return;
  fail(std::string(name) + " must be two numbers, 0 < lowest <= highest");
}

}  // namespace

Interpolation interpolation_of(const std::string& name) {
  if (name == "nearest") return Interpolation::kNearest;
  if (name == "bilinear") return Interpolation::kBilinear;
  if (name == "bicubic") return Interpolation::kBicubic;
  if (name == "area") return Interpolation::kArea;
  fail("unknown interpolation '" + name + "'; one of nearest, bilinear, bicubic, area");
}

void Transform::operator()(const Picture& picture, Draws& draws, std::uint8_t* out) const {
  const auto expected = picture.height * picture.width * picture.channels;
  if (expected <= 0 || (picture.channels != 1 && picture.channels != 3) ||
      static_cast<std::int64_t>(picture.pixels.size()) != expected) {
    throw ReadError("a picture of " + std::to_string(picture.height) + " x " +
                    std::to_string(picture.width) + " with " + std::to_string(picture.channels) +
                    " channels and " + std::to_string(picture.pixels.size()) +
                    " bytes; gray or RGB is needed");
  }
  draw(picture, plan_({picture.height, picture.width}, draws), size_, channels_, out);
}

Transform make_train_transform(const TransformOptions& options, const DatasetInfo& info) {
  const Resolved r = resolve(options, info);
  std::string crop = options.train_crop;
  if (crop == "auto") crop = r.one_size ? "pad" : "rrc";
  if (crop != "rrc" && crop != "pad" && crop != "centre") {
    fail("unknown train_crop '" + crop + "'; one of auto, rrc, pad, centre");
  }
  check_pair("scale", options.scale);
  check_pair("ratio", options.ratio);
  const bool coin = options.train_interpolation == "random";
  const Interpolation fixed =
      coin ? Interpolation::kBilinear : interpolation_of(options.train_interpolation);

  return {
      r.channels,
      {r.size, r.size},
      [r, crop, coin, fixed, scale = options.scale, ratio = options.ratio,
       padding = options.crop_padding, hflip = options.hflip](const Size& picture, Draws& draws) {
        CropPlan plan;
        if (crop == "rrc") {
          plan.source = random_resized_crop(picture, scale, ratio, draws);
          plan.resized = {r.size, r.size};
        } else if (crop == "pad") {
          plan = pad_and_crop(picture, r.size, padding, draws);
        } else {
          plan = centre_crop(picture, r.size, r.crop_pct);
        }
        plan.interpolation = fixed;
        if (coin && draws.uniform() < 0.5) plan.interpolation = Interpolation::kBicubic;
        plan.mirror = hflip > 0 && draws.uniform() < hflip;
        return plan;
      }};
}

Transform make_eval_transform(const TransformOptions& options, const DatasetInfo& info) {
  const Resolved r = resolve(options, info);
  return {r.channels,
          {r.size, r.size},
          [r, filter = interpolation_of(options.interpolation)](const Size& picture, Draws&) {
            CropPlan plan = centre_crop(picture, r.size, r.crop_pct);
            plan.interpolation = filter;
            return plan;
          }};
}

}  // namespace hyena::datasets
