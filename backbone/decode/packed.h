#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernels/token_step.h"

namespace hyena::backbone {

/// The dtype that weights decode in: kFloat or kDouble. Throws OptionError for others and for
/// devices other than the CPU; `what` opens the message.
at::ScalarType decoding_type(const at::Tensor& weight, const std::string& what);

/// Contents of a tensor of dtype T in rows; empty where it is undefined.
template <class T>
std::vector<T> values_of(const at::Tensor& tensor);

/// weight (out, in), bias (out) or undefined.
template <class T>
kernels::PackedMatrix<T> packed(const at::Tensor& weight, const at::Tensor& bias);

/// The kernels' name of one of layers.h's activations; throws OptionError.
kernels::Activation activation_of(const std::string& name);

/// f<float>() or f<double>(), for `type`.
template <class F>
auto for_type(at::ScalarType type, F&& f) {
  return type == at::kDouble ? f(double{}) : f(float{});
}

}  // namespace hyena::backbone
