#include "inspect/views/tensor_array.h"

#include <ATen/ATen.h>

namespace hyena::inspect {

Array array_of(const std::string& name, const std::vector<std::string>& dims,
               const at::Tensor& tensor) {
  const auto values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto* first = values.const_data_ptr<float>();
  return {name, dims, values.sizes().vec(), std::vector<float>(first, first + values.numel())};
}

at::Tensor in_double(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.detach().to(at::kCPU, at::kDouble) : tensor;
}

}  // namespace hyena::inspect
