#include "backbone/decode/packed.h"

#include <ATen/ATen.h>

#include "backbone/options.h"

namespace hyena::backbone {

at::ScalarType decoding_type(const at::Tensor& weight, const std::string& what) {
  const auto type = weight.scalar_type();
  if (!weight.is_cpu() || (type != at::kFloat && type != at::kDouble)) {
    throw OptionError(what +
                      ": decoding token by token runs on the CPU in float32 or float64, and "
                      "the weights are " +
                      std::string(c10::toString(type)) + " on " + weight.device().str() +
                      "; convert the model, or decode with method recompute");
  }
  return type;
}

template <class T>
std::vector<T> values_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  const auto flat = tensor.detach().to(c10::CppTypeToScalarType<T>::value).contiguous();
  const T* data = flat.template const_data_ptr<T>();
  return {data, data + flat.numel()};
}

template <class T>
kernels::PackedMatrix<T> packed(const at::Tensor& weight, const at::Tensor& bias) {
  const auto w = values_of<T>(weight), b = values_of<T>(bias);
  return {w.data(), b.empty() ? nullptr : b.data(), weight.size(0), weight.size(1)};
}

kernels::Activation activation_of(const std::string& name) {
  using kernels::Activation;
  if (name == "id") return Activation::kNone;
  if (name == "relu") return Activation::kRelu;
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_tanh") return Activation::kGeluTanh;
  if (name == "silu") return Activation::kSilu;
  if (name == "sin") return Activation::kSin;
  throw OptionError("decoding does not know the activation \"" + name + "\"");
}

template std::vector<float> values_of(const at::Tensor&);
template std::vector<double> values_of(const at::Tensor&);
template kernels::PackedMatrix<float> packed(const at::Tensor&, const at::Tensor&);
template kernels::PackedMatrix<double> packed(const at::Tensor&, const at::Tensor&);

}  // namespace hyena::backbone
