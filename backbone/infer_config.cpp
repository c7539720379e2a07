#include "backbone/infer_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

namespace hyena::backbone {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kWrappers{"module.", "model.", "_orig_mod.",
                                                    "state_dict.", "state_dict_ema."};

/// a / b where that is a whole number, else 0, which is no size of anything here.
std::int64_t ratio(std::int64_t a, std::int64_t b) {
  return b > 0 && a % b == 0 ? a / b : 0;
}

/// The side of a square of n places, 0 if there is none.
std::int64_t square_side(std::int64_t n) {
  if (n <= 0) return 0;
  const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(n))));
  return side * side == n ? side : 0;
}

/// Shapes by key.
class Shapes {
 public:
  explicit Shapes(std::span<const TensorEntry> tensors) {
    for (const TensorEntry& entry : tensors) {
      shapes_.emplace(key_candidates(entry.name).back(), entry.shape);
    }
  }
  bool has(const std::string& key) const { return shapes_.contains(key); }
  bool has_any(const std::string& prefix) const {
    const auto found = shapes_.lower_bound(prefix);
    return found != shapes_.end() && found->first.starts_with(prefix);
  }
  /// Size of a dimension, 0 where there is none or where it is no size of a model's part: products
  /// of two stay far from overflow.
  std::int64_t size(const std::string& key, std::size_t dimension) const {
    constexpr std::int64_t kLargest = 1 << 24;
    const auto found = shapes_.find(key);
    if (found == shapes_.end() || dimension >= found->second.size()) return 0;
    const std::int64_t size = found->second[dimension];
    return size <= kLargest ? size : 0;
  }
  /// How many of prefix0suffix, prefix1suffix, … are there.
  std::int64_t count(const std::string& prefix, const std::string& suffix) const {
    std::int64_t n = 0;
    while (has(prefix + std::to_string(n) + suffix)) ++n;
    return n;
  }

 private:
  std::map<std::string, std::vector<std::int64_t>> shapes_;
};

void set_if_known(json& options, const char* name, std::int64_t value) {
  if (value > 0) options[name] = value;
}

/// A mixer and how far its filter reaches. The reach becomes an option only where it is not what
/// the model would choose by itself, so that the model can still be fitted to other pictures.
struct MixerGuess {
  std::string kind;
  json options = json::object();
  std::int64_t tokens = 0;  ///< longest sequence of a 1-D filter, 0 without one
  std::int64_t kernel = 0;  ///< side of a 2-D filter, 0 without one
};

void add_once(std::vector<std::string>& assumed, const std::string& line) {
  if (std::ranges::find(assumed, line) == assumed.end()) assumed.push_back(line);
}

class MixerReader {
 public:
  MixerReader(const Shapes& shapes, std::vector<std::string>& assumed)
      : shapes_(shapes), assumed_(assumed) {}

  /// The mixer with the keys `prefix`…; `centred` for a 1-D filter that looks to both sides.
  std::optional<MixerGuess> read(const std::string& prefix, bool hyenapixel) const {
    const auto has = [&](const char* key) { return shapes_.has(prefix + key); };
    if (has("qkv.weight")) return attention(prefix, hyenapixel);
    if (has("filter_fn.pos_emb.z")) return hyena(prefix, hyenapixel);
    if (has("pointwise_conv.weight")) return hyena2d(prefix);
    if (has("dwconv.weight")) return short_conv(prefix);
    return std::nullopt;
  }

 private:
  MixerGuess attention(const std::string& p, bool hyenapixel) const {
    const std::int64_t width = ratio(shapes_.size(p + "qkv.weight", 0), 3);
    json options = {{"qkv_bias", shapes_.has(p + "qkv.bias")},
                    {"proj_bias", shapes_.has(p + "proj.bias")},
                    {"qk_norm", shapes_.has(p + "q_norm.weight")}};
    std::int64_t head_dim = shapes_.size(p + "q_norm.weight", 0);
    const bool known = head_dim > 0;
    if (!known) head_dim = hyenapixel ? 32 : 64;
    std::int64_t heads = ratio(width, head_dim);
    if (heads == 0) {
      heads = 1;
      head_dim = width;
    }
    if (!known) {
      add_once(assumed_, "num_heads: " + std::to_string(heads) + " for " + std::to_string(width) +
                             " channels, heads of " + std::to_string(head_dim));
    }
    options["num_heads"] = heads;
    if (width != shapes_.size(p + "qkv.weight", 1)) options["head_dim"] = head_dim;
    return {.kind = "attention", .options = std::move(options)};
  }

  MixerGuess hyena(const std::string& p, bool hyenapixel) const {
    const std::int64_t d_model = shapes_.size(p + "in_proj.weight", 1);
    const std::int64_t width = shapes_.size(p + "out_proj.weight", 1);
    const std::int64_t order = ratio(shapes_.size(p + "in_proj.weight", 0), width) - 1;
    const std::string f = p + "filter_fn.";
    const std::int64_t taps = shapes_.size(f + "pos_emb.z", 1);
    std::int64_t layers = 0;
    while (shapes_.has(f + "implicit_filter." + std::to_string(2 * layers) + ".weight")) ++layers;

    MixerGuess guess{.kind = hyenapixel ? "hyena_bidirectional" : "hyena"};
    guess.tokens = hyenapixel ? (taps + 1) / 2 : taps;
    json& o = guess.options;
    set_if_known(o, "order", order);
    set_if_known(o, "inner_factor", ratio(width, d_model));
    set_if_known(o, "num_heads", ratio((order - 1) * width, shapes_.size(f + "bias", 0)));
    set_if_known(o, "short_filter", shapes_.size(p + "short_filter.weight", 2));
    set_if_known(o, "emb_dim", shapes_.size(f + "pos_emb.z", 2));
    set_if_known(o, "filter_order", shapes_.size(f + "implicit_filter.0.weight", 0));
    if (layers >= 2) o["num_inner_mlps"] = layers - 2;
    o["post_order_ffn"] = shapes_.has(p + "ord_proj_w");
    o["use_layernorm"] = shapes_.has(p + "qk_norm.0.weight");
    if (order > 2) {
      o["filter_layout"] = hyenapixel ? "order_major" : "channel_major";
      add_once(assumed_,
               std::string("filter_layout: ") +
                   (hyenapixel ? "order_major, as in HyenaPixel" : "channel_major, as in safari"));
    }
    add_once(assumed_,
             "filter window and gates: modulate on, shift 0, normalized off, activation id, "
             "outer_mixing off");
    return guess;
  }

  MixerGuess hyena2d(const std::string& p) const {
    MixerGuess guess{.kind = "hyena2d"};
    json& o = guess.options;
    set_if_known(o, "kernel_size", shapes_.size(p + "depthwise_conv.weight", 2));
    o["use_layernorm"] = shapes_.has(p + "qk_norm.weight");
    const std::string f = p + "long_conv.";
    const bool separable = shapes_.has(p + "long_horizontal_conv.weight");
    o["use_implicit_filter"] = shapes_.has(f + "z");
    o["use_separable_conv"] = separable;
    if (separable) {
      guess.kernel = std::max(shapes_.size(p + "long_horizontal_conv.weight", 2),
                              shapes_.size(p + "long_horizontal_conv.weight", 3));
    } else if (!shapes_.has(f + "z")) {
      guess.kernel = shapes_.size(f + "weight", 2);
    } else {
      guess.kernel = shapes_.size(f + "z", 2);
      const std::int64_t features = shapes_.size(f + "z", 1);
      // Along the raster order, time stands in front of the waves.
      const bool raster = features % 2 == 1;
      o["pe_type"] = raster ? "1d" : "2d";
      set_if_known(o, "filter_emb_dim", raster ? features - 1 : features);
      set_if_known(o, "filter_order", shapes_.size(f + "implicit_filter.0.weight", 0));
      o["use_decay"] = shapes_.has(f + "deltas");
      add_once(assumed_, "features: a learned table, as in HyenaPixel");
    }
    return guess;
  }

  MixerGuess short_conv(const std::string& p) const {
    const bool inverted = shapes_.has(p + "pwconv1.weight");
    MixerGuess guess{.kind = inverted ? "sep_conv" : "conv7x7"};
    set_if_known(guess.options, "kernel_size", shapes_.size(p + "dwconv.weight", 2));
    guess.options["bias"] = shapes_.has(p + "dwconv.bias");
    if (inverted) {
      const auto inner = static_cast<double>(shapes_.size(p + "pwconv1.weight", 0));
      const auto outer = static_cast<double>(shapes_.size(p + "pwconv1.weight", 1));
      if (inner > 0 && outer > 0) guess.options["expansion_ratio"] = inner / outer;
    }
    return guess;
  }

  const Shapes& shapes_;
  std::vector<std::string>& assumed_;
};

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
  std::int64_t side = img_size > 0 ? ratio(img_size, patch) : square_side(table);
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

  const MixerReader reader(shapes, config.assumed);
  auto mixer = reader.read("blocks.0.attn.", false);
  if (!mixer) mixer = reader.read("blocks.0.mixer.", false);
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

  auto mixer = MixerReader(shapes, config.assumed).read("blocks.0.layer.", false);
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
  const MixerReader reader(shapes, config.assumed);
  const std::int64_t stages = shapes.count("stages.", ".0.norm1.weight");
  std::int64_t first_side = 0;
  for (std::int64_t s = 0; s < stages; ++s) {
    const std::string stage = "stages." + std::to_string(s) + ".";
    depths.push_back(shapes.count(stage, ".norm1.weight"));
    dims.push_back(shapes.size(stage + "0.norm1.weight", 0));
    auto mixer = reader.read(stage + "0.token_mixer.", true);
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

std::vector<std::string> key_candidates(std::string_view key) {
  std::vector<std::string> out{std::string(key)};
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view wrapper : kWrappers) {
      if (!key.starts_with(wrapper)) continue;
      key.remove_prefix(wrapper.size());
      out.emplace_back(key);
      found = true;
    }
  }
  std::string inner(key);
  for (const std::string_view infix : {".mixer.layer.", ".mlp.layer."}) {
    for (auto at = inner.find(infix); at != inner.npos; at = inner.find(infix)) {
      inner.erase(at + infix.size() - std::string_view("layer.").size(), 6);
    }
  }
  if (inner != key) out.push_back(inner);
  return out;
}

std::optional<InferredConfig> infer_config(std::span<const TensorEntry> tensors,
                                           std::int64_t img_size) {
  const Shapes shapes(tensors);
  if (shapes.has("norm.norm.weight") && shapes.has_any("blocks.0.layer.")) {
    return infer_safari_vit(shapes, img_size);
  }
  if (shapes.has("stages.0.0.norm1.weight") && shapes.has("downsample_layers.0.conv.weight")) {
    return infer_metaformer(shapes, img_size);
  }
  if (shapes.has("blocks.0.norm1.weight") && shapes.has_any("patch_embed.")) {
    return infer_vit(shapes, img_size);
  }
  return std::nullopt;
}

}  // namespace hyena::backbone
