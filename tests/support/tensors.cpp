#include "tests/support/tensors.h"

#include <cstdint>
#include <cstring>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "tests/support/files.h"

namespace hyena::tests {

TensorMap read_tensors(const std::filesystem::path& file) {
  static const std::map<std::string, at::ScalarType> types = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16},
      {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte},  {"BOOL", at::kBool}};
  const std::string bytes = read_file(file);
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  const auto header = nlohmann::json::parse(bytes.substr(8, header_size));
  TensorMap tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto begin = entry["data_offsets"][0].get<std::uint64_t>();
    const auto end = entry["data_offsets"][1].get<std::uint64_t>();
    auto tensor = at::empty(entry["shape"].get<std::vector<std::int64_t>>(),
                            types.at(entry["dtype"].get<std::string>()));
    std::memcpy(tensor.data_ptr(), bytes.data() + 8 + header_size + begin, end - begin);
    tensors.emplace(name, tensor);
  }
  return tensors;
}

nlohmann::json read_config(const std::filesystem::path& file) {
  return nlohmann::json::parse(read_file(file)).at("config");
}

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  const auto e = expected.detach().to(at::kCPU, at::kDouble);
  const auto a = actual.detach().to(at::kCPU, at::kDouble);
  const double scale = e.norm().item<double>();
  const double error = (a - e).norm().item<double>();
  return scale > 0 ? error / scale : error;
}

testing::AssertionResult close(const at::Tensor& actual, const at::Tensor& expected,
                               double tolerance) {
  if (!actual.defined()) return testing::AssertionFailure() << "no tensor to compare";
  if (actual.sizes() != expected.sizes()) {
    return testing::AssertionFailure()
           << "shape " << actual.sizes() << ", expected " << expected.sizes();
  }
  const double error = relative_error(actual, expected);
  if (error <= tolerance) return testing::AssertionSuccess();  // false for NaN too
  const auto difference =
      (actual.detach().to(at::kDouble) - expected.detach().to(at::kDouble)).abs().flatten();
  const auto worst = difference.argmax().item<std::int64_t>();
  return testing::AssertionFailure()
         << "relative L2 error " << error << " > " << tolerance << "; worst at flat index " << worst
         << ": " << actual.flatten()[worst].item<double>() << ", expected "
         << expected.flatten()[worst].item<double>();
}

double gradient_error(const std::function<at::Tensor(const std::vector<at::Tensor>&)>& f,
                      const std::vector<at::Tensor>& inputs, double step) {
  for (const at::Tensor& input : inputs) input.mutable_grad() = at::Tensor();
  f(inputs).backward();
  double worst = 0;
  const at::NoGradGuard no_grad;
  for (const at::Tensor& input : inputs) {
    if (!input.requires_grad()) continue;
    auto numeric = at::zeros_like(input);
    auto values = input.view(-1);
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const double here = values[i].item<double>();
      values[i] = here + step;
      const double up = f(inputs).item<double>();
      values[i] = here - step;
      const double down = f(inputs).item<double>();
      values[i] = here;
      numeric.view(-1)[i] = (up - down) / (2 * step);
    }
    worst = std::max(worst, relative_error(input.grad(), numeric));
  }
  return worst;
}

}  // namespace hyena::tests
