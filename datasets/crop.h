#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/picture_codec.h"
#include "datasets/random.h"

/// The geometry of an augmentation: deciding (random, cheap, testable) is apart from drawing
/// pixels.
namespace hyena::datasets {

struct Box {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const Box&) const = default;
};

struct Size {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const Size&) const = default;
};

/// What becomes of a picture: `source` is cut out, resized to `resized`, and the output's window is
/// laid on the result at (top, left); what lies outside is black. Then it may be mirrored.
struct CropPlan {
  Box source;
  Size resized;
  std::int64_t top = 0;   ///< may be negative
  std::int64_t left = 0;  ///< may be negative
  bool mirror = false;
  Interpolation interpolation = Interpolation::kArea;
};

/// A random box of `scale` times the area and of an aspect (width by height) in `ratio`, both
/// {low, high}: up to 10 tries, then the largest centred box whose aspect is in range.
/// Draws per try: uniform(scale), uniform(log ratio), and when it fits integer(top), integer(left).
/// Source: timm's and torchvision's RandomResizedCrop.
Box random_resized_crop(const Size& picture, std::span<const double> scale,
                        std::span<const double> ratio, Draws& draws);

/// Shorter side to floor(size / crop_pct), the longer one in proportion (truncated), then the
/// central size × size window; a window larger than the picture gets a black border.
/// Source: timm's evaluation transform.
CropPlan centre_crop(const Size& picture, std::int64_t size, double crop_pct);

/// The whole picture (its shorter side resized to `size` and cut centrally where it has another
/// size), padded by `padding` on each side, and a random size × size window of that.
/// Draws: integer(top), integer(left). Source: torchvision's RandomCrop(size, padding).
CropPlan pad_and_crop(const Size& picture, std::int64_t size, std::int64_t padding, Draws& draws);

/// Writes the output window of `plan` as planes: out is (channels, size.height, size.width). 1 or 3
/// channels of the picture become 1 (luma (19595 R + 38470 G + 7471 B + 32768) >> 16, as Pillow) or
/// 3 (replicated). Needs picture_support() only where plan.resized differs from plan.source.
void draw(const Picture& picture, const CropPlan& plan, const Size& size, std::int64_t channels,
          std::uint8_t* out);

}  // namespace hyena::datasets
