#include "tests/support/reference_options.h"

#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "tests/support/tensors.h"

namespace hyena::tests {

backbone::HyenaOptions reference_hyena_options(const nlohmann::json& config) {
  backbone::HyenaOptions options;
  nlohmann::json ours = nlohmann::json::object();
  const std::map<std::string, std::string> renamed = {{"short_filter_order", "short_filter"},
                                                      {"bias", "use_bias"},
                                                      {"lr", "filter_lr"},
                                                      {"wd", "filter_wd"},
                                                      {"num_blocks", "compat_num_blocks"}};
  const auto known = backbone::json_of(options);
  for (const auto& [key, value] : config.items()) {
    const auto found = renamed.find(key);
    const std::string& name = found == renamed.end() ? key : found->second;
    if (known.contains(name)) ours[name] = value;
  }
  return backbone::options_of<backbone::HyenaOptions>(ours, "reference settings", options);
}

void load_reference(backbone::Module& module, const TensorMap& tensors, const std::string& prefix) {
  const at::NoGradGuard no_grad;
  for (auto& entry : module.state()) {
    const auto found = tensors.find(prefix + entry.name);
    if (found == tensors.end()) throw std::runtime_error("no " + prefix + entry.name);
    if (found->second.sizes() != entry.tensor.sizes()) {
      throw std::runtime_error(entry.name + ": " +
                               c10::str(found->second.sizes(), " is not ", entry.tensor.sizes()));
    }
    entry.tensor.copy_(found->second);
  }
}

testing::AssertionResult gradients_close(const backbone::Module& module, const TensorMap& tensors,
                                         double tolerance) {
  std::size_t compared = 0;
  for (const auto& parameter : module.parameters()) {
    const auto found = tensors.find("grad." + parameter.name);
    if (found == tensors.end()) continue;
    ++compared;
    const auto result = close(parameter.tensor.grad(), found->second, tolerance);
    if (!result) {
      return testing::AssertionFailure()
             << "gradient of " << parameter.name << ": " << result.message();
    }
  }
  std::size_t stored = 0;
  for (const auto& [name, tensor] : tensors) {
    stored += name.starts_with("grad.") && name != "grad.u" && name != "grad.image";
  }
  if (compared != stored) {
    return testing::AssertionFailure()
           << compared << " gradients compared, " << stored << " stored";
  }
  return testing::AssertionSuccess();
}

}  // namespace hyena::tests
