#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/probe/capture.h"

/// How far a model really looks.
namespace hyena::inspect {

/// Picture i as the model takes it, (1, C, H, W).
using PictureSource = std::function<at::Tensor(std::int64_t i)>;

struct ReceptiveField {
  at::Tensor score;           ///< (H, W), not negative: the mean over pictures
  std::int64_t pictures = 0;  ///< that counted
  std::int64_t skipped = 0;   ///< whose gradient had a NaN
};

/// The effective receptive field (Luo et al. 2016, as in Ding et al. 2022): ReLU of the gradient of
/// the summed, ReLU'd feature vector in the middle of the final map with respect to the picture,
/// summed over colours, mean over pictures.
ReceptiveField receptive_field(OpenedSubject& subject, const PictureSource& pictures,
                               std::int64_t count, const Progress& progress = {});

/// The smallest square around the middle that holds `share` of the sum of `score` (H, W).
struct CentredSquare {
  double share = 0;
  std::int64_t side = 0;  ///< pixels, odd, or the whole map where that is even
  double area = 0;        ///< of the map's, 0 … 1
};
/// Give the raw scores, or log10(1 + score) as the reference's table has it.
std::vector<CentredSquare> centred_squares(const at::Tensor& score,
                                           const std::vector<double>& shares = {0.2, 0.3, 0.5,
                                                                                0.99});

/// The same question to a causal language model: the mean over `positions` t of
/// ‖d loss[t] / d embedding[t − τ]‖₂, where loss[t] = −log p(ids[t + 1]), for τ = 0 … L−1; NaN for
/// a lag that no position has: (L). Each position costs a backward pass.
at::Tensor lag_sensitivity(OpenedSubject& subject, const at::Tensor& ids,
                           const std::vector<std::int64_t>& positions,
                           const Progress& progress = {});

}  // namespace hyena::inspect
