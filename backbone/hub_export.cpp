#include "backbone/hub_export.h"

#include <map>
#include <string_view>

#include <ATen/ATen.h>

#include "backbone/atomic_file.h"
#include "backbone/options.h"
#include "backbone/tensor_file.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;

/// The release of the library whose files these are; its loader asks for no other.
constexpr const char* kLibraryVersion = "5.23.0";

struct Part {
  std::string_view name;
  const char* architecture;
};
constexpr Part kBackbone{"backbone", "HyenaDNAModel"};
constexpr Part kCausalLm{"causal-lm", "HyenaDNAForCausalLM"};
constexpr Part kClassifier{"classifier", "HyenaDNAForSequenceClassification"};

Part part_of(const std::string& wanted, const json& options) {
  const bool classifies = options.at("num_classes").get<std::int64_t>() > 0;
  const Part own = classifies ? kClassifier : kCausalLm;
  if (wanted.empty() || wanted == own.name) return own;
  if (wanted == kBackbone.name) return kBackbone;
  throw OptionError("this model " +
                    std::string(classifies ? "classifies sequences" : "has no classifier") +
                    "; it can be written as '" + std::string(own.name) +
                    "' or 'backbone', not as '" + wanted + "'");
}

/// The port has these built in.
void check(const json& options, const Part& part) {
  const auto need = [](const json& from, const char* option, const json& value) {
    const auto found = from.find(option);
    if (found == from.end() || *found == value) return;
    throw OptionError(std::string("Hugging Face's port of HyenaDNA has ") + option + " " +
                      value.dump() + " built in, this model has " + found->dump());
  };
  need(options, "mixer", "hyena");
  need(options, "attn_layer_idx", json::array());
  need(options, "max_position_embeddings", 0);
  const json& mixer = options.at("mixer_options");
  need(mixer, "order", 2);
  need(mixer, "num_heads", 1);
  need(mixer, "inner_factor", 1);
  need(mixer, "outer_mixing", false);
  need(mixer, "post_order_ffn", false);
  need(mixer, "activation", "id");
  need(mixer, "use_layernorm", false);
  need(mixer, "compat_num_blocks", 1);
  need(mixer, "modulate", true);
  need(mixer, "shift", 0.05);
  need(mixer, "normalized", false);
  if (part.name != kClassifier.name) return;
  need(options, "class_bias", false);
  need(options, "class_pool", "before_pad");
}

/// 10 rather than 10.0 where the number is whole: what the port's configuration has.
json plain(const json& number) {
  const auto value = number.get<double>();
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? json(whole) : number;
}

json config_of(const json& options, const ModelNotes& notes, const Part& part,
               std::int64_t max_len) {
  const json& mixer = options.at("mixer_options");
  const std::int64_t dim = options.at("d_model"), inner = options.at("d_inner");
  const std::int64_t pad = options.at("pad_id");
  json labels = json::object(), ids = json::object();
  const auto classes = options.at("num_classes").get<std::int64_t>();
  for (std::int64_t i = 0; i < (classes > 0 ? classes : 2); ++i) {
    const auto index = static_cast<std::size_t>(i);
    const bool named = std::ssize(notes.class_names) == classes && classes > 0;
    const std::string label = named ? notes.class_names[index] : "LABEL_" + std::to_string(i);
    labels[std::to_string(i)] = label;
    ids[label] = i;
  }
  return {{"activation_freq", plain(mixer.at("w"))},
          {"architectures", {part.architecture}},
          {"d_inner", inner > 0 ? inner : 4 * dim},
          {"d_model", dim},
          {"emb_dim", mixer.at("emb_dim")},
          {"embed_dropout", options.at("embed_dropout")},
          {"filter_order", mixer.at("filter_order")},
          {"hyena_dropout", mixer.at("dropout")},
          {"hyena_filter_dropout", 0.0},
          {"hyena_order", 2},
          {"id2label", labels},
          {"initializer_range", options.at("initializer_range")},
          {"label2id", ids},
          {"layer_norm_epsilon", options.at("layer_norm_epsilon")},
          {"max_seq_len", max_len},
          {"model_type", "hyenadna"},
          {"n_layer", options.at("n_layer")},
          {"num_inner_mlps", mixer.at("num_inner_mlps")},
          {"pad_token_id", pad >= 0 ? pad : 4},
          {"pad_vocab_size_multiple", options.at("pad_vocab_size_multiple")},
          {"short_filter_order", mixer.at("short_filter")},
          {"tie_word_embeddings", false},
          {"train_freq", true},
          {"transformers_version", kLibraryVersion},
          {"use_bias", mixer.at("use_bias")},
          {"vocab_size", options.at("vocab_size")}};
}

/// The port's key, "" for what it does not have. It keeps the one frequency that all sines of a
/// filter share under the first of its three names, and in the classifier under the last.
std::string hub_key(std::string name, const Part& part) {
  if (name.starts_with("lm_head.")) return part.name == kCausalLm.name ? name : "";
  if (name == "head.output_transform.weight") {
    return part.name == kClassifier.name ? "score.weight" : "";
  }
  if (!name.starts_with("backbone.")) return "";
  return part.name == kBackbone.name ? name : "hyena." + name;
}

}  // namespace

void write_hub_folder(const std::filesystem::path& folder, const Module& model,
                      const ModelConfig& config, const ModelNotes& notes,
                      const std::string& wanted) {
  if (find_model(config.name).family != "causal_lm") {
    throw OptionError("only language models can be written for Hugging Face's port of HyenaDNA; '" +
                      config.name + "' is none");
  }
  const json options = resolved_options(config);
  const Part part = part_of(wanted, options);
  check(options, part);

  TensorMap tensors;
  std::int64_t max_len = 0;
  std::map<std::string, std::string> last_name;  // own name → last alias
  for (const NamedTensor& entry : model.state()) {
    if (!entry.alias_of.empty()) last_name[entry.alias_of] = entry.name;
  }
  for (const NamedTensor& entry : model.state()) {
    if (entry.name.ends_with("filter_fn.pos_emb.z")) max_len = entry.tensor.size(1);
    const bool frequency = entry.name.ends_with(".freq");
    if (!entry.alias_of.empty() && frequency) continue;
    std::string name = entry.name;
    if (frequency && part.name == kClassifier.name && last_name.contains(name)) {
      name = last_name.at(name);
    }
    if (const std::string key = hub_key(name, part); !key.empty()) {
      tensors.emplace(key, entry.tensor);
    }
  }
  std::filesystem::create_directories(folder);
  write_tensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  AtomicFile file(folder / "config.json");
  file.write(config_of(options, notes, part, max_len).dump(2) + "\n");
  file.commit();
}

}  // namespace hyena::backbone
