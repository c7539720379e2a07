#pragma once

#include <cstdint>
#include <string>

namespace hyena::train {

/// Training FLOPs of a picture are taken as 3 forward passes (one forward, two for the gradients).
/// "3 x 24.1 MFLOP x 180000 pictures / 231 s = 56.3 GFLOP/s, 31 % of a matrix product's 181
/// GFLOP/s"
std::string utilisation_text(double flops_per_sample, std::int64_t samples, const char* unit,
                             double seconds, double peak_flops);

/// 1234567 → "1.23 M".
std::string with_prefix(double value);

}  // namespace hyena::train
