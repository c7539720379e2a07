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

nlohmann::json safari_vit_options(const nlohmann::json& config) {
  nlohmann::json options = {{"drop_path", config.at("drop_path_rate")},
                            {"dim", config.at("d_model")},
                            {"patch", config.at("patch_size")}};
  for (const char* key : {"img_size", "num_classes", "depth", "expand", "use_cls_token",
                          "use_pos_embed", "representation_size"}) {
    if (config.contains(key)) options[key] = config.at(key);
  }
  const nlohmann::json& layer = config.at("layer");
  if (layer.at("_name_") == "vit") {
    options["mixer"] = "attention";
    for (const char* key : {"num_heads", "qkv_bias"}) options["mixer_options"][key] = layer.at(key);
  } else {
    options["mixer"] = "hyena";
    // A nested "filter_args" is not looked at, as in the reference.
    options["mixer_options"] = backbone::json_of(reference_hyena_options(layer));
  }
  return options;
}

nlohmann::json timm_vit_options(const nlohmann::json& config) {
  nlohmann::json options = {{"mixer", "attention"}, {"class_token", true}, {"pool", "token"}};
  const std::map<std::string, std::string> renamed = {{"img_size", "img_size"},
                                                      {"patch_size", "patch"},
                                                      {"embed_dim", "dim"},
                                                      {"depth", "depth"},
                                                      {"num_classes", "num_classes"},
                                                      {"mlp_ratio", "mlp_ratio"},
                                                      {"class_token", "class_token"},
                                                      {"global_pool", "pool"},
                                                      {"init_values", "init_values"},
                                                      {"pos_embed", "pos_embed"},
                                                      {"pre_norm", "pre_norm"},
                                                      {"reg_tokens", "reg_tokens"},
                                                      {"no_embed_class", "no_embed_class"}};
  for (const auto& [key, value] : config.items()) {
    const auto found = renamed.find(key);
    if (found != renamed.end()) options[found->second] = value;
    if (key == "num_heads" || key == "qk_norm" || key == "qkv_bias") {
      options["mixer_options"][key] = value;
    }
  }
  return options;
}

nlohmann::json safari_lm_options(const nlohmann::json& config) {
  nlohmann::json options = {{"mixer", "hyena"}};
  for (const char* key : {"vocab_size", "pad_vocab_size_multiple", "d_model", "n_layer", "d_inner",
                          "attn_layer_idx", "max_position_embeddings", "embed_dropout",
                          "resid_dropout", "residual_in_fp32", "layer_norm_epsilon"}) {
    if (config.contains(key)) options[key] = config.at(key);
  }
  if (config.contains("attn_cfg")) {
    const nlohmann::json& attention = config.at("attn_cfg");
    options["attn_heads"] = attention.at("num_heads");
    options["attn_dwconv"] = attention.value("dwconv", false);
  }
  options["mixer_options"] = backbone::json_of(reference_hyena_options(config.at("layer")));
  return options;
}

void load_reference(backbone::Module& module, const TensorMap& tensors, const std::string& prefix) {
  const at::NoGradGuard no_grad;
  for (auto& entry : module.state()) {
    const auto found = tensors.find(prefix + entry.name);
    if (found == tensors.end() && !entry.alias_of.empty()) continue;
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
