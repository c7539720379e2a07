#include "train/losses.h"

#include <string>
#include <vector>

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full_like.h>

#include "backbone/options.h"

namespace hyena::train {
namespace {

/// float32 for the 16-bit types, unchanged otherwise.
at::Tensor wide(const at::Tensor& x) {
  return x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
}

bool are_labels(const at::Tensor& targets) {
  return !targets.is_floating_point();
}

constexpr LossEntry kLosses[] = {
    {"ce",
     [](const LossOptions& options) -> Loss {
       return [s = options.smoothing](const at::Tensor& logits, const at::Tensor& targets) {
         return cross_entropy(logits, targets, are_labels(targets) ? s : 0);
       };
     }},
    {"bce",
     [](const LossOptions& options) -> Loss {
       return [settings = BceSettings{.smoothing = options.smoothing,
                                      .target_threshold = options.bce_target_thresh,
                                      .sum_classes = options.bce_sum}](const at::Tensor& logits,
                                                                       const at::Tensor& targets) {
         return bce_with_logits(logits, targets, settings);
       };
     }},
};

}  // namespace

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing) {
  const at::Tensor x = wide(logits);
  return at::cross_entropy_loss(x, are_labels(targets) ? targets : targets.to(x.scalar_type()), {},
                                at::Reduction::Mean, /*ignore_index=*/-100, smoothing);
}

at::Tensor bce_with_logits(const at::Tensor& logits, const at::Tensor& targets,
                           const BceSettings& settings) {
  const at::Tensor x = wide(logits);
  at::Tensor y;
  if (are_labels(targets)) {
    const double off = settings.smoothing / static_cast<double>(x.size(-1));
    y = at::full_like(x, off).scatter_(1, targets.unsqueeze(1), 1 - settings.smoothing + off);
  } else {
    y = targets.to(x.scalar_type());
  }
  if (settings.target_threshold >= 0) y = y.gt(settings.target_threshold).to(x.scalar_type());
  const at::Tensor loss = at::binary_cross_entropy_with_logits(
      x, y, {}, {}, settings.sum_classes ? at::Reduction::None : at::Reduction::Mean);
  return settings.sum_classes ? loss.sum(-1).mean() : loss;
}

std::span<const LossEntry> loss_registry() {
  return kLosses;
}

Loss make_loss(const LossOptions& options) {
  std::vector<std::string> names;
  for (const LossEntry& entry : kLosses) {
    if (options.loss == entry.name) return entry.make(options);
    names.emplace_back(entry.name);
  }
  const std::string near = backbone::nearest_name(options.loss, names);
  throw backbone::OptionError("loss: none is called '" + options.loss + "'" +
                              (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace hyena::train
