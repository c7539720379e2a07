#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "datasets/crop.h"
#include "datasets/random.h"
#include "datasets/transforms.h"

namespace hyena::datasets {

/// Random erasing (Zhong et al. 2017) as timm does it.
struct ErasingOptions {
  double probability = 0;      ///< of a picture being touched
  std::string mode = "pixel";  ///< "const": 0; "rand": one N(0,1) a channel; "pixel": N(0,1) each
  std::int64_t count = 1;      ///< boxes: 1 … count, uniform
  double min_area = 0.02;      ///< of the picture, all boxes together
  double max_area = 1.0 / 3;
  double min_aspect = 0.3;  ///< height by width; the largest is 1 / min_aspect
};

/// reprob, remode and recount of the options.
ErasingOptions erasing_options(const TransformOptions& options);

/// The boxes to erase from a picture, often none. A box must be smaller than the picture on both
/// sides; after 10 unfit tries it is left out.
/// Draws: uniform() against the probability; when count > 1 integer(1, count); per try
/// uniform(min_area, max_area), uniform(log aspects), and when it fits integer(top), integer(left).
std::vector<Box> plan_erasing(const ErasingOptions& options, const Size& picture, Draws& draws);

/// Fills one box of a picture in place. image (C, H, W), floating point, on any device.
/// `key` starts the normal numbers: element i (in row-major order of the box, of its channels for
/// "rand") is normal number i of Random(key), the same on every device up to the rounding of log
/// and cos.
void erase(const at::Tensor& image, const Box& box, const std::string& mode, std::uint64_t key);

/// plan_erasing and erase for every picture of a batch, in place, with random numbers from (seed,
/// epoch, index of the sample). images (B, C, H, W), normalised; indices (B).
void random_erasing(const at::Tensor& images, const ErasingOptions& options, std::uint64_t seed,
                    std::int64_t epoch, const std::vector<std::int64_t>& indices);

}  // namespace hyena::datasets
