#include "backbone/read_shapes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "backbone/weight_names.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;

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
    const std::int64_t width = whole_ratio(shapes_.size(p + "qkv.weight", 0), 3);
    json options = {{"qkv_bias", shapes_.has(p + "qkv.bias")},
                    {"proj_bias", shapes_.has(p + "proj.bias")},
                    {"qk_norm", shapes_.has(p + "q_norm.weight")}};
    std::int64_t head_dim = shapes_.size(p + "q_norm.weight", 0);
    const bool known = head_dim > 0;
    if (!known) head_dim = hyenapixel ? 32 : 64;
    std::int64_t heads = whole_ratio(width, head_dim);
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
    const std::int64_t order = whole_ratio(shapes_.size(p + "in_proj.weight", 0), width) - 1;
    const std::string f = p + "filter_fn.";
    const std::int64_t taps = shapes_.size(f + "pos_emb.z", 1);
    std::int64_t layers = 0;
    while (shapes_.has(f + "implicit_filter." + std::to_string(2 * layers) + ".weight")) ++layers;

    MixerGuess guess{.kind = hyenapixel ? "hyena_bidirectional" : "hyena"};
    guess.tokens = hyenapixel ? (taps + 1) / 2 : taps;
    json& o = guess.options;
    set_if_known(o, "order", order);
    set_if_known(o, "inner_factor", whole_ratio(width, d_model));
    set_if_known(o, "num_heads", whole_ratio((order - 1) * width, shapes_.size(f + "bias", 0)));
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

}  // namespace

std::int64_t whole_ratio(std::int64_t a, std::int64_t b) {
  return b > 0 && a % b == 0 ? a / b : 0;
}

std::int64_t square_side(std::int64_t n) {
  if (n <= 0) return 0;
  const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(n))));
  return side * side == n ? side : 0;
}

void set_if_known(json& options, const char* name, std::int64_t value) {
  if (value > 0) options[name] = value;
}

void add_once(std::vector<std::string>& lines, const std::string& line) {
  if (std::ranges::find(lines, line) == lines.end()) lines.push_back(line);
}

Shapes::Shapes(std::span<const TensorEntry> tensors) {
  for (const TensorEntry& entry : tensors) {
    shapes_.emplace(key_candidates(entry.name).back(), entry.shape);
  }
}

bool Shapes::has_any(const std::string& prefix) const {
  const auto found = shapes_.lower_bound(prefix);
  return found != shapes_.end() && found->first.starts_with(prefix);
}

std::int64_t Shapes::size(const std::string& key, std::size_t dimension) const {
  constexpr std::int64_t kLargest = 1 << 24;
  const auto found = shapes_.find(key);
  if (found == shapes_.end() || dimension >= found->second.size()) return 0;
  const std::int64_t size = found->second[dimension];
  return size <= kLargest ? size : 0;
}

std::int64_t Shapes::count(const std::string& prefix, const std::string& suffix) const {
  std::int64_t n = 0;
  while (has(prefix + std::to_string(n) + suffix)) ++n;
  return n;
}

std::optional<MixerGuess> read_mixer(const Shapes& shapes, const std::string& prefix,
                                     bool hyenapixel, std::vector<std::string>& assumed) {
  return MixerReader(shapes, assumed).read(prefix, hyenapixel);
}

}  // namespace hyena::backbone
