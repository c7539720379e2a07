#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <ATen/core/Tensor.h>

#include "inspect/probe/capture.h"

/// Which parts of a picture speak for a class: methods that look at the input. `picture` is
/// (1, C, H, W), normalised as the model takes it. Signed unless said otherwise.
namespace hyena::inspect {

/// The number that is explained: a class's logit, or logit(label) − logit(contrast).
struct ClassTarget {
  std::int64_t label = -1;     ///< −1: the likeliest
  std::int64_t contrast = -1;  ///< −1: none
};

/// With the label filled in. Throws OptionError for a class that there is none of.
ClassTarget resolve(OpenedSubject& subject, const at::Tensor& picture, const ClassTarget& target);

/// logits (B, classes) → (B); the target is resolved.
at::Tensor target_score(const at::Tensor& logits, const ClassTarget& target);

/// d score / d pixel times the pixel (as normalised), summed over colours: (H, W).
at::Tensor gradient_times_input(OpenedSubject& subject, const at::Tensor& picture,
                                const ClassTarget& target, const Progress& progress = {});

/// A picture without content: "mean" (the mean colour: zeros as normalised), "black", "white" or
/// "blur" (means over squares of 1/8 of
/// the side, at least 3 pixels). Throws OptionError for another name.
at::Tensor baseline(const OpenedSubject& subject, const at::Tensor& picture,
                    const std::string& name);

struct IntegratedGradients {
  at::Tensor map;  ///< (H, W): over the straight way from the baseline, summed over colours
  double score = 0, baseline_score = 0;
  /// |Σ map − (score − baseline_score)| / max(|score − baseline_score|, 1e-12): how far the steps
  /// are from the integral.
  double completeness_error = 0;
};
/// Sundararajan et al. 2017, midpoint rule with `steps` gradients.
IntegratedGradients integrated_gradients(OpenedSubject& subject, const at::Tensor& picture,
                                         const ClassTarget& target, const at::Tensor& baseline,
                                         std::int64_t steps = 50, const Progress& progress = {});

/// By how much the score falls when a square of `patch` pixels is replaced by the baseline:
/// (⌈H/patch⌉, ⌈W/patch⌉).
at::Tensor occlusion(OpenedSubject& subject, const at::Tensor& picture, const ClassTarget& target,
                     const at::Tensor& baseline, std::int64_t patch, const Progress& progress = {});

/// The smallest a such that the values with |x| ≤ a hold `share` of Σ |x|: where a colour scale
/// ends that a few large values must not swamp (as Captum's pictures have it). 0 for a map of
/// zeros.
double cumulative_limit(const at::Tensor& map, double share = 0.98);

}  // namespace hyena::inspect
