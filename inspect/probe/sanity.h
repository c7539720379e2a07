#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/probe/attribution.h"

/// Whether a map of evidence says something of the model at all.
namespace hyena::inspect {

/// The score as patches are replaced by the baseline, those that the map calls most important
/// first: a good map falls fast.
struct DeletionCurve {
  std::vector<double> share;  ///< 0 … 1, part of the patches that is gone
  std::vector<double> score;
  double area = 0;  ///< under score / score[0] by trapezoids; lower is better
};
/// `map` (rows, columns) of values; cells cover the picture evenly. `steps` points after the first.
DeletionCurve deletion_curve(OpenedSubject& subject, const at::Tensor& picture,
                             const ClassTarget& target, const at::Tensor& map,
                             const at::Tensor& baseline, std::int64_t steps = 20,
                             const Progress& progress = {});

/// The same architecture with fresh weights, in the same place and type: a map that is the same of
/// it does not depend on what was learned (Adebayo et al. 2018). Throws OptionError for a subject
/// without a configuration.
std::shared_ptr<OpenedSubject> randomised(const OpenedSubject& subject, std::uint64_t seed = 0);

/// Spearman's rank correlation of two maps of one size, −1 … 1 (ties in order of place).
double rank_correlation(const at::Tensor& a, const at::Tensor& b);

}  // namespace hyena::inspect
