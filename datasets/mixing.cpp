#include "datasets/mixing.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::datasets {

MixPlan cutmix_plan(const Size& picture, double lambda, std::int64_t centre_row,
                    std::int64_t centre_column) {
  const double side = std::sqrt(1 - lambda);
  const auto span = [side](std::int64_t length, std::int64_t centre) {
    const auto cut = static_cast<std::int64_t>(static_cast<double>(length) * side);
    const std::int64_t begin = centre - cut / 2;
    const std::int64_t low = std::clamp<std::int64_t>(begin, 0, length);
    const std::int64_t high = std::clamp<std::int64_t>(begin + cut, 0, length);
    return std::pair{low, high - low};
  };
  Box box;
  std::tie(box.top, box.height) = span(picture.height, centre_row);
  std::tie(box.left, box.width) = span(picture.width, centre_column);
  const double outside = 1 - static_cast<double>(box.height * box.width) /
                                 static_cast<double>(picture.height * picture.width);
  return {outside, box};
}

MixPlan plan_mixing(const MixingOptions& options, const Size& picture, Draws& draws) {
  if (!options.on() || draws.uniform() >= options.mixup_prob) return {};
  const bool both = options.mixup > 0 && options.cutmix > 0;
  const bool cut = both ? draws.uniform() < options.mixup_switch_prob : options.cutmix > 0;
  const double alpha = cut ? options.cutmix : options.mixup;
  const double lambda = draws.beta(alpha, alpha);
  if (!cut || lambda == 1) return {lambda, {}};
  const std::int64_t row = draws.integer(0, picture.height - 1);
  const std::int64_t column = draws.integer(0, picture.width - 1);
  return cutmix_plan(picture, lambda, row, column);
}

MixPlan plan_mixing(const MixingOptions& options, const Size& picture, std::uint64_t seed,
                    std::int64_t epoch, std::int64_t batch) {
  Random draws(seed, Stream::kMixing, static_cast<std::uint64_t>(epoch),
               static_cast<std::uint64_t>(batch));
  return plan_mixing(options, picture, draws);
}

at::Tensor mix_images(const at::Tensor& images, const MixPlan& plan) {
  const at::NoGradGuard no_grad;
  TORCH_CHECK(images.dim() == 4 && images.is_floating_point(),
              "mix_images: images must be floating-point (B, C, H, W), got ", images.sizes(), " ",
              images.scalar_type());
  if (plan.lambda == 1) return images;
  if (!plan.box) return images.mul(plan.lambda).add_(images.flip(0).mul_(1 - plan.lambda));
  auto mixed = images.clone();
  const auto inside = [&plan](const at::Tensor& x) {
    return x.narrow(2, plan.box->top, plan.box->height).narrow(3, plan.box->left, plan.box->width);
  };
  inside(mixed).copy_(inside(images).flip(0));
  return mixed;
}

at::Tensor mix_targets(const at::Tensor& labels, std::int64_t num_classes, double lambda,
                       double smoothing, at::ScalarType type) {
  const at::NoGradGuard no_grad;
  TORCH_CHECK(labels.dim() == 1 && labels.scalar_type() == at::kLong,
              "mix_targets: labels must be (B) int64, got ", labels.sizes(), " ",
              labels.scalar_type());
  const double off = smoothing / static_cast<double>(num_classes);
  const auto options = at::TensorOptions(type).device(labels.device());
  const auto own = at::full({labels.size(0), num_classes}, off, options)
                       .scatter_(1, labels.unsqueeze(1), 1 - smoothing + off);
  if (lambda == 1) return own;
  return own.mul(lambda).add_(own.flip(0).mul_(1 - lambda));
}

}  // namespace hyena::datasets
