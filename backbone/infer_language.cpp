#include "backbone/infer_language.h"

#include <algorithm>
#include <utility>

namespace hyena::backbone {
namespace {

using nlohmann::json;

constexpr const char* kEmbedding = "backbone.embeddings.word_embeddings.weight";

/// The settings that lie with the weights. A value of the wrong type counts as a refusal.
class Settings {
 public:
  Settings(const std::string& text, std::string& refused) : refused_(refused) {
    if (!text.empty()) all_ = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!all_.is_object()) all_ = json::object();
  }

  bool any() const { return !all_.empty(); }
  bool is(const char* name, const std::string& value) const {
    const auto found = all_.find(name);
    return found != all_.end() && found->is_string() && found->get<std::string>() == value;
  }
  /// nullptr where there is none; `within` may be nullptr.
  const json* find(const char* within, const char* name) const {
    const json* from = &all_;
    if (within != nullptr) {
      const auto found = all_.find(within);
      if (found == all_.end() || !found->is_object()) return nullptr;
      from = &*found;
    }
    const auto found = from->find(name);
    return found == from->end() || found->is_null() ? nullptr : &*found;
  }
  std::int64_t size(const char* within, const char* name) const {
    const json* value = find(within, name);
    if (value == nullptr) return 0;
    const bool fits = value->is_number_integer() && *value >= 0 && *value <= (1 << 24);
    if (!fits) wrong(name, *value, "a size");
    return fits ? value->get<std::int64_t>() : 0;
  }
  /// Copies a value that has the type of `like` into options[option].
  void copy(const char* within, const char* name, json& options, const char* option,
            const json& like) const {
    const json* value = find(within, name);
    if (value == nullptr) return;
    const bool fits = like.is_number() ? value->is_number() : value->type() == like.type();
    if (fits) {
      options[option] = *value;
    } else {
      wrong(name, *value, like.type_name());
    }
  }
  /// Refuses settings that say another size than the weights have.
  void compare(const char* name, std::int64_t weights) const {
    const std::int64_t said = size(nullptr, name);
    if (said == 0 || said == weights || !refused_.empty()) return;
    refused_ = std::string("the settings beside the weights say ") + name + " " +
               std::to_string(said) + ", and the weights have " + std::to_string(weights) +
               "; they belong to another model";
  }

 private:
  void wrong(const char* name, const json& value, const std::string& wanted) const {
    if (!refused_.empty()) return;
    refused_ = std::string("the settings beside the weights have ") + value.dump().substr(0, 40) +
               " for '" + name + "'; " + wanted + " is needed";
  }

  json all_;
  std::string& refused_;
};

void set_vocabulary(const Settings& settings, std::int64_t rows, bool dna, InferredConfig& config) {
  json& o = config.options;
  o["vocab_size"] = rows;
  o["pad_vocab_size_multiple"] = 1;
  const std::int64_t said = settings.size(nullptr, "vocab_size");
  const std::int64_t multiple =
      std::max<std::int64_t>(1, settings.size(nullptr, "pad_vocab_size_multiple"));
  const auto pad = [&](std::int64_t tokens, std::int64_t to) {
    o["vocab_size"] = tokens;
    o["pad_vocab_size_multiple"] = to;
  };
  if (said > 0) {
    if ((said + multiple - 1) / multiple * multiple == rows) {
      pad(said, multiple);
    } else if (config.refused.empty()) {
      config.refused = "the settings beside the weights say vocab_size " + std::to_string(said) +
                       ", and the embedding has " + std::to_string(rows) + " rows";
    }
  } else if (dna && rows == 16) {
    pad(12, 8);
    config.assumed.emplace_back("vocab_size: 12 of 16 rows, HyenaDNA's alphabet");
  } else if (rows == 50264) {
    pad(50257, 8);
    config.assumed.emplace_back("vocab_size: 50257 of 50264 rows, GPT-2's vocabulary");
  } else {
    config.assumed.push_back("vocab_size: " + std::to_string(rows) + ", all rows of the embedding");
  }
}

/// Whether the layers have the embedding's width, so that the model is no larger than the file.
bool of_one_width(const Shapes& shapes, std::int64_t layers, std::int64_t dim) {
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string layer = "backbone.layers." + std::to_string(i) + ".";
    const bool attends = shapes.has(layer + "mixer.Wqkv.weight");
    const char* into = attends ? "mixer.Wqkv.weight" : "mixer.in_proj.weight";
    if (shapes.size(layer + into, 1) != dim || shapes.size(layer + "mlp.fc1.weight", 1) != dim) {
      return false;
    }
  }
  return true;
}

/// What each layer mixes with. False, and config.refused set, where one is not known here.
bool read_layers(const Shapes& shapes, std::int64_t layers, InferredConfig& config,
                 std::optional<MixerGuess>& hyena, std::vector<std::int64_t>& attention) {
  std::vector<std::string> ignored;  // this family words its assumptions itself
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string prefix = "backbone.layers." + std::to_string(i) + ".mixer.";
    if (shapes.has(prefix + "Wqkv.weight")) {
      attention.push_back(i);
    } else if (shapes.has(prefix + "filter_fn.pos_emb.z") &&
               shapes.has(prefix + "in_proj.weight")) {
      if (!hyena) hyena = read_mixer(shapes, prefix, false, ignored);
    } else {
      config.refused = "layer " + std::to_string(i) +
                       (shapes.has(prefix + "ssm_k_D")
                            ? " is H3, which this version does not have"
                            : " mixes with something that this version does not have; known are "
                              "Hyena and attention");
      return false;
    }
  }
  return true;
}

void set_hyena(const Settings& settings, MixerGuess& hyena, bool dna, bool standalone,
               InferredConfig& config) {
  json& o = hyena.options;
  if (o.value("order", 2) > 2) {
    o["filter_layout"] = standalone ? "order_major" : "channel_major";
    config.assumed.push_back(std::string("filter_layout: ") +
                             (standalone ? "order_major, as in HyenaDNA's standalone code"
                                         : "channel_major, as in safari"));
  }
  o["modulate"] = true;
  o["shift"] = dna ? 0.05 : 0.0;
  const json number = 0.5, flag = true, text = "";
  settings.copy("layer", "modulate", o, "modulate", flag);
  settings.copy("layer", "shift", o, "shift", number);
  settings.copy("layer", "normalized", o, "normalized", flag);
  settings.copy("layer", "outer_mixing", o, "outer_mixing", flag);
  settings.copy("layer", "activation", o, "activation", text);
  settings.copy("layer", "dropout", o, "dropout", number);
  settings.copy("layer", "lr_pos_emb", o, "lr_pos_emb", number);
  settings.copy("layer", "w", o, "w", number);
  settings.copy(nullptr, "activation_freq", o, "w", number);
  settings.copy(nullptr, "hyena_dropout", o, "dropout", number);
  if (settings.find("layer", "shift") == nullptr) {
    config.assumed.emplace_back(dna ? "shift: 0.05, as in HyenaDNA's standalone code and its port"
                                    : "shift: 0, as in safari");
  }
  if (settings.find("layer", "modulate") == nullptr) config.assumed.emplace_back("modulate: on");
  if (!settings.any()) {
    config.assumed.emplace_back("activation: id");
    config.assumed.emplace_back("outer_mixing: off");
    config.assumed.emplace_back("normalized: off");
  }
}

void set_attention(const Settings& settings, const Shapes& shapes,
                   const std::vector<std::int64_t>& layers, std::int64_t dim, bool alone,
                   InferredConfig& config) {
  const std::string prefix = "backbone.layers." + std::to_string(layers.front()) + ".mixer.";
  const bool dwconv = shapes.has(prefix + "dwconv_qkv.weight");
  std::int64_t heads = settings.size("attn_cfg", "num_heads");
  const char* option = alone ? "num_heads" : "attn_heads";
  if (heads == 0) {
    heads = std::max<std::int64_t>(1, whole_ratio(dim, 64));
    config.assumed.push_back(std::string(option) + ": " + std::to_string(heads) + " for " +
                             std::to_string(dim) + " channels");
  }
  if (alone) {
    config.options["mixer"] = "mha";
    config.options["mixer_options"] = {{"num_heads", heads}, {"dwconv", dwconv}};
  } else {
    config.options["attn_layer_idx"] = layers;
    config.options["attn_heads"] = heads;
    config.options["attn_dwconv"] = dwconv;
  }
}

void set_classifier(const Settings& settings, const Shapes& shapes, InferredConfig& config) {
  json& o = config.options;
  const std::int64_t classes = shapes.size("head.output_transform.weight", 0);
  if (classes == 0) return;
  o["num_classes"] = classes;
  o["class_bias"] = shapes.has("head.output_transform.bias");
  // The port's classifier has no bias, the others' has one.
  const bool port = !o["class_bias"].get<bool>();
  o["class_pool"] = port ? "before_pad" : "mean";
  config.assumed.push_back(port ? "class_pool: before_pad, as in Hugging Face's port of HyenaDNA"
                                : "class_pool: mean; others are sum, first, last");
  if (const json* labels = settings.find(nullptr, "id2label"); labels && labels->is_object()) {
    for (std::int64_t i = 0; i < classes; ++i) {
      const auto label = labels->find(std::to_string(i));
      if (label == labels->end() || !label->is_string()) break;
      config.class_names.push_back(label->get<std::string>());
    }
    if (std::ssize(config.class_names) != classes) config.class_names.clear();
  }
  if (!port) return;
  o["pad_id"] = 4;
  if (settings.find(nullptr, "pad_token_id") == nullptr) {
    config.assumed.emplace_back("pad_id: 4, HyenaDNA's");
  }
  settings.copy(nullptr, "pad_token_id", o, "pad_id", 0);
}

}  // namespace

std::optional<InferredConfig> infer_language_model(const Shapes& shapes, const InferHints& hints,
                                                   bool port) {
  InferredConfig config{"causal_lm", json::object(), {}};
  const Settings settings(hints.config, config.refused);
  json& o = config.options;
  const std::int64_t rows = shapes.size(kEmbedding, 0), dim = shapes.size(kEmbedding, 1);
  const std::int64_t layers = shapes.count("backbone.layers.", ".norm1.weight");
  const std::int64_t inner = shapes.size("backbone.layers.0.mlp.fc1.weight", 0);
  if (rows == 0 || dim == 0) return std::nullopt;

  std::optional<MixerGuess> hyena;
  std::vector<std::int64_t> attention;
  if (!read_layers(shapes, layers, config, hyena, attention)) return config;
  if (!of_one_width(shapes, layers, dim)) {
    config.refused = "not all layers have the embedding's width, " + std::to_string(dim);
    return config;
  }
  // Only HyenaDNA's own code leaves the head out: its embedding is used, or there is a classifier.
  const bool standalone = port || !shapes.has("lm_head.weight");
  const bool dna = standalone || settings.is("model_type", "hyenadna") ||
                   (rows == 16 && hyena && hyena->options.value("emb_dim", 0) == 5);

  settings.compare("d_model", dim);
  settings.compare("n_layer", layers);
  settings.compare("d_inner", inner);
  set_vocabulary(settings, rows, dna, config);
  o["d_model"] = dim;
  o["n_layer"] = layers;
  set_if_known(o, "d_inner", inner);
  const std::int64_t positions = shapes.size("backbone.embeddings.position_embeddings.weight", 0);
  o["max_position_embeddings"] = positions;
  const std::int64_t reach = hyena && hyena->tokens > 0 ? hyena->tokens : positions;
  set_if_known(o, "max_len", reach);
  if (hyena) {
    set_hyena(settings, *hyena, dna, standalone, config);
    o["mixer"] = "hyena";
    o["mixer_options"] = hyena->options;
  }
  if (!attention.empty()) set_attention(settings, shapes, attention, dim, !hyena, config);
  o["tie_embeddings"] = !hints.own_head;
  set_classifier(settings, shapes, config);
  const json number = 0.5, flag = true;
  settings.copy(nullptr, "layer_norm_epsilon", o, "layer_norm_epsilon", number);
  settings.copy(nullptr, "embed_dropout", o, "embed_dropout", number);
  settings.copy(nullptr, "resid_dropout", o, "resid_dropout", number);
  settings.copy(nullptr, "residual_in_fp32", o, "residual_in_fp32", flag);
  settings.copy(nullptr, "initializer_range", o, "initializer_range", number);
  if (!settings.any()) config.assumed.emplace_back("embed_dropout: 0, and all other dropout too");
  return config;
}

}  // namespace hyena::backbone
