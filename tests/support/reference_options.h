#pragma once

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/hyena_operator.h"

namespace hyena::tests {

/// HyenaOptions from the settings of a reference case, whose names are safari's and HyenaPixel's.
backbone::HyenaOptions reference_hyena_options(const nlohmann::json& config);

/// Options of the family safari_vit from the arguments of safari's VisionTransformer.
nlohmann::json safari_vit_options(const nlohmann::json& config);

/// Options of the family vit from the arguments of timm's VisionTransformer.
nlohmann::json timm_vit_options(const nlohmann::json& config);

/// Options of the family causal_lm from the arguments of safari's SimpleLMHeadModel or of
/// HyenaDNA's model.
nlohmann::json safari_lm_options(const nlohmann::json& config);

/// Copies "PREFIX" + key of `tensors` into the module's tensor of that key, for every key of its
/// state; throws when one is absent. An alias may be.
void load_reference(backbone::Module& module, const std::map<std::string, at::Tensor>& tensors,
                    const std::string& prefix = "");

/// Compares the gradient of each parameter with "grad." + key where the file has it.
testing::AssertionResult gradients_close(const backbone::Module& module,
                                         const std::map<std::string, at::Tensor>& tensors,
                                         double tolerance);

}  // namespace hyena::tests
