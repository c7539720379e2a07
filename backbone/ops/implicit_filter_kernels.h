#pragma once

#include <ATen/core/Tensor.h>

#include "backbone/ops/implicit_filter.h"

namespace hyena::backbone {

/// implicit_filter() on hyena::kernels, differentiable once: tensors on the CPU, all float32 or all
/// float64, or with `on_gpu` on a GPU, all float32.
at::Tensor kernel_implicit_filter(const ImplicitFilter& filter, bool on_gpu);

}  // namespace hyena::backbone
