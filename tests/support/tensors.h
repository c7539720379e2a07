#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hyena::tests {

using TensorMap = std::map<std::string, at::Tensor>;

/// The tensors of a golden file. A plain reader for trusted files, sharing nothing with the
/// project's own safetensors reader.
TensorMap read_tensors(const std::filesystem::path& file);

/// The "config" object of a golden case's JSON file.
nlohmann::json read_config(const std::filesystem::path& file);

/// ‖actual − expected‖₂ / ‖expected‖₂ in float64; the plain norm when expected is all zeros. A NaN
/// anywhere gives NaN.
double relative_error(const at::Tensor& actual, const at::Tensor& expected);

/// Succeeds when the shapes agree and relative_error ≤ tolerance; else says where they differ most.
testing::AssertionResult close(const at::Tensor& actual, const at::Tensor& expected,
                               double tolerance);

/// Central differences of the scalar f(inputs) in double against the autograd gradients; every
/// element of every input that requires grad. Returns the largest relative L2 error of a gradient.
double gradient_error(const std::function<at::Tensor(const std::vector<at::Tensor>&)>& f,
                      const std::vector<at::Tensor>& inputs, double step = 1e-5);

}  // namespace hyena::tests
