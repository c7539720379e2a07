#include "backbone/infer_config.h"

#include <algorithm>
#include <utility>

#include "backbone/infer_language.h"
#include "backbone/read_shapes.h"
#include "backbone/weight_names.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;

/// Adds the reach of a mixer's filter where the grid would choose another.
void add_reach(MixerGuess& mixer, std::int64_t tokens, std::int64_t side) {
  if (mixer.tokens > 0 && mixer.tokens != tokens) mixer.options["l_max"] = mixer.tokens;
  if (mixer.kernel > 0 && mixer.kernel != 2 * side - 1) {
    mixer.options["long_kernel_size"] = mixer.kernel;
  }
}

void set_ratio(json& options, const char* name, std::int64_t inner, std::int64_t outer) {
  if (inner > 0 && outer > 0) {
    options[name] = static_cast<double>(inner) / static_cast<double>(outer);
  }
}

/// Patches a side: of the pictures where their size is known, from the position table, from the
/// reach of the filters, else for 224 pixels.
std::int64_t patch_side(const MixerGuess& mixer, std::int64_t table, std::int64_t prefix,
                        std::int64_t patch, std::int64_t img_size, InferredConfig& config) {
  std::int64_t side = img_size > 0 ? whole_ratio(img_size, patch) : square_side(table);
  if (side == 0) {
    const std::int64_t usual = std::max<std::int64_t>(1, 224 / std::max<std::int64_t>(1, patch));
    side = mixer.kernel > 0 ? (mixer.kernel + 1) / 2 : square_side(mixer.tokens - prefix);
    // safari's published settings have an l_max far above the number of patches.
    const bool reach = side > 0 && (mixer.kernel > 0 || side <= usual);
    if (!reach) side = usual;
    config.assumed.push_back(
        "img_size: " + std::to_string(side * patch) +
        (reach ? " pixels, the reach of the long filters" : " pixels; there is no position table"));
  }
  config.options["img_size"] = side * patch;
  return side;
}

std::optional<InferredConfig> infer_vit(const Shapes& shapes, std::int64_t img_size) {
  InferredConfig config{"vit", json::object(), {}};
  json& o = config.options;
  const bool conv = shapes.has("patch_embed.0.conv.weight");
  const std::int64_t dim = shapes.size("blocks.0.norm1.weight", 0);
  std::int64_t patch = shapes.size("patch_embed.proj.weight", 2);
  if (conv) {
    patch =
        std::int64_t{1} << std::min<std::int64_t>(shapes.count("patch_embed.", ".conv.weight"), 20);
    config.assumed.push_back("stem_act: gelu");
  }
  const char* first = conv ? "patch_embed.0.conv.weight" : "patch_embed.proj.weight";
  o["stem"] = conv ? "conv" : "patch";
  set_if_known(o, "patch", patch);
  set_if_known(o, "in_chans", shapes.size(first, 1));
  set_if_known(o, "dim", dim);
  set_if_known(o, "depth", shapes.count("blocks.", ".norm1.weight"));
  o["num_classes"] = shapes.size("head.weight", 0);
  set_ratio(o, "mlp_ratio", shapes.size("blocks.0.mlp.fc1.weight", 0), dim);
  o["pool"] = shapes.has("norm.weight") ? "token" : "avg";
  o["pre_norm"] = shapes.has("norm_pre.weight");
  if (shapes.has("blocks.0.ls1.gamma")) {
    o["init_values"] = 1e-5;
    config.assumed.push_back("init_values: 1e-05, which only a new model would use");
  }

  const bool class_token = shapes.has("cls_token");
  const std::int64_t registers = shapes.size("reg_token", 1);
  const std::int64_t prefix = registers + (class_token ? 1 : 0);
  o["class_token"] = class_token;
  o["reg_tokens"] = registers;
  std::int64_t table = shapes.size("pos_embed", 1);
  o["pos_embed"] = table > 0 ? "learn" : "none";
  o["no_embed_class"] = prefix > 0 && table > 0 && square_side(table - prefix) == 0;
  if (!o["no_embed_class"].get<bool>()) table -= prefix;

  const auto read = [&](const std::string& key, bool hyenapixel) {
    return read_mixer(shapes, key, hyenapixel, config.assumed);
  };
  auto mixer = read("blocks.0.attn.", false);
  if (!mixer) mixer = read("blocks.0.mixer.", false);
  if (!mixer) return std::nullopt;
  const std::int64_t side = patch_side(*mixer, table, prefix, patch, img_size, config);
  const std::int64_t tokens = side * side + prefix;
  if (mixer->kind == "hyena" && mixer->tokens == 2 * tokens - 1) {
    mixer->kind = "hyena_bidirectional";
    mixer->tokens = tokens;
  }
  add_reach(*mixer, tokens, side);
  o["mixer"] = mixer->kind;
  o["mixer_options"] = mixer->options;
  return config;
}

std::optional<InferredConfig> infer_safari_vit(const Shapes& shapes, std::int64_t img_size) {
  InferredConfig config{"safari_vit", json::object(), {}};
  json& o = config.options;
  const std::int64_t dim = shapes.size("norm.norm.weight", 0);
  const std::int64_t patch = shapes.size("patch_embed.proj.weight", 2);
  set_if_known(o, "patch", patch);
  set_if_known(o, "in_chans", shapes.size("patch_embed.proj.weight", 1));
  set_if_known(o, "dim", dim);
  set_if_known(o, "depth", shapes.count("blocks.", ".norm.norm.weight") / 2);
  o["num_classes"] = shapes.size("head.weight", 0);
  set_ratio(o, "expand", shapes.size("blocks.1.layer.ff.0.0.weight", 0), dim);
  o["representation_size"] = shapes.size("pre_logits.fc.weight", 0);
  const std::int64_t prefix = shapes.has("cls_token") ? 1 : 0;
  o["use_cls_token"] = prefix == 1;
  const std::int64_t table = shapes.size("pos_embed", 1);
  o["use_pos_embed"] = table > 0;

  auto mixer = read_mixer(shapes, "blocks.0.layer.", false, config.assumed);
  if (!mixer) return std::nullopt;
  const std::int64_t side = patch_side(*mixer, table - prefix, prefix, patch, img_size, config);
  add_reach(*mixer, side * side + prefix, side);
  o["mixer"] = mixer->kind;
  o["mixer_options"] = mixer->options;
  return config;
}

std::optional<InferredConfig> infer_metaformer(const Shapes& shapes, std::int64_t img_size) {
  InferredConfig config{"metaformer", json::object(), {}};
  json& o = config.options;
  std::vector<std::int64_t> depths, dims;
  std::vector<MixerGuess> mixers;
  const auto read = [&](const std::string& key, bool hyenapixel) {
    return read_mixer(shapes, key, hyenapixel, config.assumed);
  };
  const std::int64_t stages = shapes.count("stages.", ".0.norm1.weight");
  std::int64_t first_side = 0;
  for (std::int64_t s = 0; s < stages; ++s) {
    const std::string stage = "stages." + std::to_string(s) + ".";
    depths.push_back(shapes.count(stage, ".norm1.weight"));
    dims.push_back(shapes.size(stage + "0.norm1.weight", 0));
    auto mixer = read(stage + "0.token_mixer.", true);
    if (!mixer) return std::nullopt;
    if (first_side == 0) {
      const std::int64_t side =
          mixer->kernel > 0 ? (mixer->kernel + 1) / 2 : square_side(mixer->tokens);
      first_side = side << std::min<std::int64_t>(s, 20);
    }
    mixers.push_back(std::move(*mixer));
  }
  if (img_size == 0) {
    img_size = first_side > 0 ? 4 * first_side : 224;  // the stem has a stride of 4
    config.assumed.push_back(
        "img_size: " + std::to_string(img_size) +
        (first_side > 0 ? " pixels, the reach of the long filters" : " pixels"));
  }
  o["img_size"] = img_size;
  set_if_known(o, "in_chans", shapes.size("downsample_layers.0.conv.weight", 1));
  o["num_classes"] = shapes.size("head.fc2.weight", 0);
  o["depths"] = depths;
  o["dims"] = dims;
  set_ratio(o, "mlp_ratio", shapes.size("stages.0.0.mlp.fc1.weight", 0), dims.at(0));

  o["mixer"] = json::array();
  o["mixer_options"] = json::array();
  std::int64_t side = (img_size - 3) / 4 + 1;
  for (MixerGuess& mixer : mixers) {
    add_reach(mixer, side * side, side);
    o["mixer"].push_back(mixer.kind);
    o["mixer_options"].push_back(mixer.options);
    side = (side - 1) / 2 + 1;
  }
  return config;
}

}  // namespace

std::optional<InferredConfig> infer_config(std::span<const TensorEntry> tensors,
                                           const InferHints& hints) {
  std::vector<TensorEntry> modern;
  for (NamedWeight& weight : modern_names(tensors).weights) {
    modern.push_back(std::move(weight.entry));
  }
  const Shapes shapes(modern);
  if (shapes.has("norm.norm.weight") && shapes.has_any("blocks.0.layer.")) {
    return infer_safari_vit(shapes, hints.img_size);
  }
  if (shapes.has("stages.0.0.norm1.weight") && shapes.has("downsample_layers.0.conv.weight")) {
    return infer_metaformer(shapes, hints.img_size);
  }
  if (shapes.has("blocks.0.norm1.weight") && shapes.has_any("patch_embed.")) {
    return infer_vit(shapes, hints.img_size);
  }
  if (shapes.has("backbone.embeddings.word_embeddings.weight") &&
      shapes.has("backbone.layers.0.norm1.weight")) {
    const bool port = std::ranges::any_of(
        tensors, [](const TensorEntry& entry) { return entry.name.starts_with("hyena."); });
    return infer_language_model(shapes, hints, port);
  }
  return std::nullopt;
}

}  // namespace hyena::backbone
