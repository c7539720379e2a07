#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/tensors.h"

/// LibTorch's tensors as hyena::kernels sees them.
namespace hyena::backbone {

/// Whether operations on `x` run on hyena::kernels: on the CPU, and on a GPU where the build has
/// kernels for it and `x` is not float64; unless a Composition is alive.
bool on_kernels(const at::Tensor& x);

kernels::Type kernel_type(const at::Tensor& x);

/// (B, D, L) → (B, L, D), (B, D, H, W) → (B, H, W, D), and back: views.
at::Tensor channels_last(const at::Tensor& x);
at::Tensor channels_first(const at::Tensor& x);

/// `x` (channels first) of the type, channels last as the kernels read it: neighbouring channels,
/// one stride over all positions. Copies only what is laid out otherwise; undefined stays
/// undefined.
at::Tensor readable(const at::Tensor& x, at::ScalarType type);

/// The same for our GPU kernels: channels first, neighbouring positions.
at::Tensor positions_last(const at::Tensor& x, at::ScalarType dtype);

/// Memory for a result, contiguous. Large ones on the CPU come from what the kernels keep.
at::Tensor room(at::IntArrayRef sizes, const at::TensorOptions& options);
/// The same, lying as `x` does where that is dense: what comes before and after a convolution then
/// finds signals and their gradients in one layout.
at::Tensor room_like(const at::Tensor& x);

/// The memory of what readable() gave, or of a contiguous channels-last tensor; absent if
/// undefined.
kernels::ConstRows const_rows(const at::Tensor& rows);
kernels::Rows mutable_rows(const at::Tensor& rows);

}  // namespace hyena::backbone
