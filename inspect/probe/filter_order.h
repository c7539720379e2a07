#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

/// Orders and levels in which filters (F, K) are shown.
namespace hyena::inspect {

/// A chain of filters, each beside the one that is most like it: starts at `first`; next comes the
/// filter with the largest |cosine| to the last one among those left. (F) int64.
at::Tensor similarity_order(const at::Tensor& h, std::int64_t first);

/// 20 log10 of magnitudes ≥ 0, nothing lower than `range` dB below the largest. −range everywhere
/// where all are 0.
at::Tensor decibels(const at::Tensor& magnitude, double range);

}  // namespace hyena::inspect
