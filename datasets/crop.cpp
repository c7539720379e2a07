#include "datasets/crop.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace hyena::datasets {
namespace {

/// A strip of one row would ask for gigabytes when its shorter side is resized.
constexpr std::int64_t kLongestSide = 1 << 16;

/// Python's round(): halves go to the even neighbour.
std::int64_t round_half_even(double x) {
  return static_cast<std::int64_t>(std::nearbyint(x));
}

std::int64_t half_even(std::int64_t x) {
  return round_half_even(static_cast<double>(x) / 2);
}

/// Converts `count` pixels to planes; `step` is 1, or -1 to mirror (then `out` is the last pixel).
void write_planes(const std::uint8_t* pixels, std::int64_t from_channels, std::int64_t count,
                  std::int64_t channels, std::int64_t step, std::int64_t plane_size,
                  std::uint8_t* out) {
  if (from_channels == 3 && channels == 1) {
    for (std::int64_t i = 0; i < count; ++i, pixels += 3, out += step) {
      const unsigned luma = 19595u * pixels[0] + 38470u * pixels[1] + 7471u * pixels[2] + 32768u;
      *out = static_cast<std::uint8_t>(luma >> 16);
    }
    return;
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::uint8_t* in = pixels + (from_channels == 1 ? 0 : c);
    std::uint8_t* to = out + c * plane_size;
    for (std::int64_t i = 0; i < count; ++i, in += from_channels, to += step) *to = *in;
  }
}

}  // namespace

Box random_resized_crop(const Size& picture, std::span<const double> scale,
                        std::span<const double> ratio, Draws& draws) {
  const auto height = static_cast<double>(picture.height);
  const auto width = static_cast<double>(picture.width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = draws.uniform(scale[0], scale[1]) * (height * width);
    const double aspect = std::exp(draws.uniform(std::log(ratio[0]), std::log(ratio[1])));
    const std::int64_t w = round_half_even(std::sqrt(area * aspect));
    const std::int64_t h = round_half_even(std::sqrt(area / aspect));
    if (w < 1 || h < 1 || w > picture.width || h > picture.height) continue;
    const std::int64_t top = draws.integer(0, picture.height - h);
    const std::int64_t left = draws.integer(0, picture.width - w);
    return {top, left, h, w};
  }
  Box box{0, 0, picture.height, picture.width};
  if (width / height < ratio[0]) {
    box.height = std::max<std::int64_t>(1, round_half_even(width / ratio[0]));
  } else if (width / height > ratio[1]) {
    box.width = std::max<std::int64_t>(1, round_half_even(height * ratio[1]));
  }
  box.top = (picture.height - box.height) / 2;
  box.left = (picture.width - box.width) / 2;
  return box;
}

CropPlan centre_crop(const Size& picture, std::int64_t size, double crop_pct) {
  const auto shorter = static_cast<std::int64_t>(std::floor(static_cast<double>(size) / crop_pct));
  CropPlan plan{.source = {0, 0, picture.height, picture.width}, .resized = {shorter, shorter}};
  if (picture.height < picture.width) {
    plan.resized.width = shorter * picture.width / picture.height;
  } else {
    plan.resized.height = shorter * picture.height / picture.width;
  }
  const auto offset = [size](std::int64_t side) {
    return side >= size ? half_even(side - size) : -((size - side) / 2);
  };
  plan.top = offset(plan.resized.height);
  plan.left = offset(plan.resized.width);
  return plan;
}

CropPlan pad_and_crop(const Size& picture, std::int64_t size, std::int64_t padding, Draws& draws) {
  CropPlan plan = centre_crop(picture, size, 1);
  plan.top += draws.integer(-padding, padding);
  plan.left += draws.integer(-padding, padding);
  return plan;
}

void draw(const Picture& picture, const CropPlan& plan, const Size& size, std::int64_t channels,
          std::uint8_t* out) {
  const std::int64_t from_channels = picture.channels;
  PixelView view{.pixels = picture.pixels.data() +
                           (plan.source.top * picture.width + plan.source.left) * from_channels,
                 .height = plan.source.height,
                 .width = plan.source.width,
                 .channels = from_channels,
                 .row_bytes = picture.width * from_channels};
  thread_local std::vector<std::uint8_t> scratch;  // one allocation a thread, not one a picture
  if (plan.resized != Size{view.height, view.width}) {
    if (plan.resized.height > kLongestSide || plan.resized.width > kLongestSide) {
      throw ReadError("a picture of " + std::to_string(picture.height) + " x " +
                      std::to_string(picture.width) + " is too elongated: resized, it would be " +
                      std::to_string(plan.resized.height) + " x " +
                      std::to_string(plan.resized.width));
    }
    scratch.resize(
        static_cast<std::size_t>(plan.resized.height * plan.resized.width * from_channels));
    resize(view, plan.resized.height, plan.resized.width, plan.interpolation, scratch.data());
    view = {scratch.data(), plan.resized.height, plan.resized.width, from_channels,
            plan.resized.width * from_channels};
  }

  const std::int64_t plane = size.height * size.width;
  // The part of the window that the picture covers, in coordinates of the window.
  const std::int64_t top = std::max<std::int64_t>(0, -plan.top);
  const std::int64_t left = std::max<std::int64_t>(0, -plan.left);
  const std::int64_t bottom = std::min(size.height, view.height - plan.top);
  const std::int64_t right = std::min(size.width, view.width - plan.left);
  const std::int64_t count = right - left;
  if (top > 0 || left > 0 || bottom < size.height || right < size.width) {
    std::memset(out, 0, static_cast<std::size_t>(channels * plane));
  }
  if (count <= 0) return;
  for (std::int64_t row = top; row < bottom; ++row) {
    const std::uint8_t* pixels =
        view.pixels + (row + plan.top) * view.row_bytes + (left + plan.left) * from_channels;
    const std::int64_t first = plan.mirror ? size.width - 1 - left : left;
    write_planes(pixels, from_channels, count, channels, plan.mirror ? -1 : 1, plane,
                 out + row * size.width + first);
  }
}

}  // namespace hyena::datasets
