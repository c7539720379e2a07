#pragma once

#include <ATen/core/Tensor.h>

#include "backbone/ops/implicit_filter.h"

namespace hyena::backbone {

/// implicit_filter() on hyena::kernels, differentiable once: tensors on the CPU, all float32 or all
/// float64.
at::Tensor kernel_implicit_filter(const ImplicitFilter& filter);

}  // namespace hyena::backbone
