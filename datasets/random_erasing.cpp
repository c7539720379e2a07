#include "datasets/random_erasing.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::datasets {
namespace {

/// mix_bits on int64 tensors, whose products wrap as unsigned ones do; in place.
void mix_bits_(at::Tensor& bits) {
  const auto xor_shifted = [&bits](int shift) {
    // >> copies the sign; the mask makes it the shift of an unsigned number.
    const std::int64_t mask = static_cast<std::int64_t>(~std::uint64_t{0} >> shift);
    bits.bitwise_xor_(at::bitwise_right_shift(bits, at::Scalar(shift)).bitwise_and_(mask));
  };
  xor_shifted(30);
  bits.mul_(static_cast<std::int64_t>(0xbf58476d1ce4e5b9));
  xor_shifted(27);
  bits.mul_(static_cast<std::int64_t>(0x94d049bb133111eb));
  xor_shifted(31);
}

/// The first `count` results of Random(key).normal(), (count) float64 on `device`.
at::Tensor normal_numbers(std::int64_t count, std::uint64_t key, at::Device device) {
  auto bits = at::arange(1, 2 * count + 1, at::TensorOptions(at::kLong).device(device));
  bits.mul_(static_cast<std::int64_t>(kGoldenStep)).add_(static_cast<std::int64_t>(key));
  mix_bits_(bits);
  const auto top53 =
      at::bitwise_right_shift(bits, at::Scalar(11)).bitwise_and_((std::int64_t{1} << 53) - 1);
  const auto pairs = top53.view({count, 2});
  const auto u = (pairs.select(1, 0) + 1).to(at::kDouble).mul_(0x1p-53);
  const auto v = pairs.select(1, 1).to(at::kDouble).mul_(0x1p-53);
  return u.log().mul_(-2).sqrt_().mul_(v.mul(2 * std::numbers::pi).cos_());
}

}  // namespace

ErasingOptions erasing_options(const TransformOptions& options) {
  return {.probability = options.reprob, .mode = options.remode, .count = options.recount};
}

std::vector<Box> plan_erasing(const ErasingOptions& options, const Size& picture, Draws& draws) {
  std::vector<Box> boxes;
  if (draws.uniform() > options.probability) return boxes;
  const std::int64_t count = options.count > 1 ? draws.integer(1, options.count) : 1;
  const double area = static_cast<double>(picture.height * picture.width);
  const double log_aspect = std::log(options.min_aspect);
  for (std::int64_t i = 0; i < count; ++i) {
    for (int attempt = 0; attempt < 10; ++attempt) {
      const double target =
          draws.uniform(options.min_area, options.max_area) * area / static_cast<double>(count);
      const double aspect = std::exp(draws.uniform(log_aspect, -log_aspect));
      // Python's round(): halves go to the even neighbour.
      const auto h = static_cast<std::int64_t>(std::nearbyint(std::sqrt(target * aspect)));
      const auto w = static_cast<std::int64_t>(std::nearbyint(std::sqrt(target / aspect)));
      if (h >= picture.height || w >= picture.width) continue;
      const std::int64_t top = draws.integer(0, picture.height - h);
      const std::int64_t left = draws.integer(0, picture.width - w);
      boxes.push_back({top, left, h, w});
      break;
    }
  }
  return boxes;
}

void erase(const at::Tensor& image, const Box& box, const std::string& mode, std::uint64_t key) {
  const at::NoGradGuard no_grad;
  auto region = image.narrow(1, box.top, box.height).narrow(2, box.left, box.width);
  if (mode == "const") {
    region.zero_();
  } else if (mode == "rand") {
    region.copy_(normal_numbers(image.size(0), key, image.device()).view({-1, 1, 1}));
  } else if (mode == "pixel") {
    region.copy_(normal_numbers(region.numel(), key, image.device()).view(region.sizes()));
  } else {
    throw std::invalid_argument("random erasing: unknown remode '" + mode +
                                "'; one of const, rand, pixel");
  }
}

void random_erasing(const at::Tensor& images, const ErasingOptions& options, std::uint64_t seed,
                    std::int64_t epoch, const std::vector<std::int64_t>& indices) {
  TORCH_CHECK(images.dim() == 4 && images.is_floating_point() &&
                  images.size(0) == static_cast<std::int64_t>(indices.size()),
              "random erasing: images must be floating-point (B=", indices.size(),
              ", C, H, W), got ", images.sizes(), " ", images.scalar_type());
  if (options.probability <= 0) return;
  const Size size{images.size(2), images.size(3)};
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto at_epoch = static_cast<std::uint64_t>(epoch);
    const auto sample = static_cast<std::uint64_t>(indices[i]);
    Random draws(seed, Stream::kErasing, at_epoch, sample);
    std::uint64_t key = stream_key(seed, Stream::kNoise, at_epoch, sample);
    for (const Box& box : plan_erasing(options, size, draws)) {
      erase(images.select(0, static_cast<std::int64_t>(i)), box, options.mode, key);
      key = mix_bits(key + kGoldenStep);  // other noise for the next box
    }
  }
}

}  // namespace hyena::datasets
