#pragma once

#include <functional>
#include <span>

#include <ATen/core/Tensor.h>

#include "train/method_options.h"

/// Classification losses: (B, C) logits of any float type, computed in float32 or better, with
/// `targets` either labels (B) int64 or probabilities (B, C). The mean over the batch, ().
namespace hyena::train {

/// −Σ y log softmax(x). Smoothing s turns y into (1 − s) y + s/C. Labels of −100 do not count.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing = 0);

struct BceSettings {
  double smoothing = 0;          ///< of labels: s/C off, 1 − s + s/C on; probabilities stay
  double target_threshold = -1;  ///< not negative: targets above it become 1, the others 0
  bool sum_classes = false;      ///< sum over the classes instead of the mean
};

/// Each class an independent yes-or-no question (Wightman et al. 2021, "ResNet strikes back";
/// timm's BinaryCrossEntropy).
at::Tensor bce_with_logits(const at::Tensor& logits, const at::Tensor& targets,
                           const BceSettings& settings = {});

using Loss = std::function<at::Tensor(const at::Tensor& logits, const at::Tensor& targets)>;

/// A loss under the name that options.loss gives. Smoothing concerns labels only: probabilities
/// come from mixing, which smoothes them itself.
struct LossEntry {
  const char* name;
  Loss (*make)(const LossOptions& options);
};
std::span<const LossEntry> loss_registry();

/// Throws backbone::OptionError that names the nearest loss.
Loss make_loss(const LossOptions& options);

}  // namespace hyena::train
