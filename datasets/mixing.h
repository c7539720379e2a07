#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "datasets/crop.h"
#include "datasets/random.h"

namespace hyena::datasets {

/// Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) as timm's batch mode: one lambda a batch,
/// and the partner of sample i is sample B − 1 − i.
struct MixingOptions {
  double mixup = 0;
  double cutmix = 0;
  double mixup_prob = 1;
  double mixup_switch_prob = 0.5;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("mixup", mixup,
            {.help = "alpha of Beta(alpha, alpha) of Mixup; 0: no Mixup", .min = 0});
    v.field("cutmix", cutmix,
            {.help = "alpha of Beta(alpha, alpha) of CutMix; 0: no CutMix", .min = 0});
    v.field("mixup_prob", mixup_prob,
            {.help = "probability that a batch is mixed at all", .min = 0, .max = 1});
    v.field("mixup_switch_prob", mixup_switch_prob,
            {.help = "probability of CutMix where both are on", .min = 0, .max = 1});
  }
  bool on() const { return mixup > 0 || cutmix > 0; }
};

/// What happens to one batch: lambda · x + (1 − lambda) · partner everywhere, or, with a box, the
/// partner's pixels inside the box, and lambda the part of the picture outside it.
struct MixPlan {
  double lambda = 1;  ///< weight of a sample's own label; 1: nothing is mixed
  std::optional<Box> box;
};

/// CutMix's box of side √(1 − lambda) around (centre_row, centre_column), clipped to the picture,
/// with lambda corrected to the area that is left.
MixPlan cutmix_plan(const Size& picture, double lambda, std::int64_t centre_row,
                    std::int64_t centre_column);

/// Draws: uniform() < mixup_prob; when both are on uniform() < mixup_switch_prob for CutMix;
/// beta(alpha, alpha); for CutMix integer(0, H − 1), integer(0, W − 1) for the centre.
MixPlan plan_mixing(const MixingOptions& options, const Size& picture, Draws& draws);

/// The mixed batch; `images` (B, C, H, W) floating point, on any device, is left alone.
at::Tensor mix_images(const at::Tensor& images, const MixPlan& plan);

/// Soft targets lambda · y + (1 − lambda) · y of the partner, with y = 1 − smoothing + smoothing/K
/// at the label and smoothing/K elsewhere. labels (B) int64 → (B, K) of dtype `type`, on the device
/// of the labels. With plan.lambda 1 these are smoothed one-hot targets.
at::Tensor mix_targets(const at::Tensor& labels, std::int64_t num_classes, double lambda,
                       double smoothing, at::ScalarType type = at::kFloat);

/// plan_mixing with random numbers from (seed, epoch, index of the batch).
MixPlan plan_mixing(const MixingOptions& options, const Size& picture, std::uint64_t seed,
                    std::int64_t epoch, std::int64_t batch);

}  // namespace hyena::datasets
