#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/mixer.h"

namespace hyena::backbone {

/// A learned position table for another grid: bicubic with antialias in float32, as timm's
/// resample_abs_pos_embed; the `prefix` rows of class and register tokens stay.
///   table (1, prefix + from.patches(), D) → (1, prefix + to.patches(), D), same dtype
/// Differentiable. `prefix` counts the rows of the table, not the tokens.
at::Tensor resize_position_table(const at::Tensor& table, std::int64_t prefix,
                                 const TokenGrid& from, const TokenGrid& to);

}  // namespace hyena::backbone
