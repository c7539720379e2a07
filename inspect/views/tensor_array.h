#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/figure/array.h"

namespace hyena::inspect {

/// A tensor's numbers for a figure: float32, on the CPU. Throws std::invalid_argument unless `dims`
/// names each dimension.
Array array_of(const std::string& name, const std::vector<std::string>& dims,
               const at::Tensor& tensor);

/// For arithmetic in views: on the CPU, float64, so that figures are equal whatever the threads do.
at::Tensor in_double(const at::Tensor& tensor);

}  // namespace hyena::inspect
