#include "backbone/weight_names.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace hyena::backbone {
namespace {

constexpr std::array<std::string_view, 7> kWrappers{
    "module.",           "model.", "_orig_mod.", "state_dict.", "state_dict_ema.",
    "model_state_dict.", "hyena."};

/// Old beginnings of keys and today's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kBeginnings{{
    {"s4seq.encoder.", "backbone."},
    {"embedding.", "backbone.embeddings.word_embeddings."},
    {"backbone.norm.", "backbone.ln_0."},
    {"score.", "head.output_transform."},
}};
constexpr std::string_view kLayers = "backbone.layers.";

bool belongs_to_language_model(std::string_view name) {
  return name.starts_with("backbone.") || name.starts_with("lm_head.") ||
         name.starts_with("head.output_transform.");
}

/// As keys were before the layers were called as today, and a file that has none of these is no
/// language model.
bool is_language_model(const std::vector<NamedWeight>& weights) {
  const auto has = [&](std::string_view part) {
    return std::ranges::any_of(
        weights, [&](const NamedWeight& weight) { return weight.entry.name.starts_with(part); });
  };
  return has("s4seq.encoder.layers.") ||
         (has(kLayers) && (has("backbone.embeddings.word_embeddings.") || has("embedding.")));
}

void replace_beginning(std::string& name) {
  for (const auto& [old, today] : kBeginnings) {
    if (name.starts_with(old)) name.replace(0, old.size(), today);
  }
}

using ByName = std::map<std::string, NamedWeight, std::less<>>;

/// Moves the tensors `from`.weight and .bias to `to`.
void move_norm(ByName& all, const std::string& from, const std::string& to) {
  for (const char* part : {".weight", ".bias"}) {
    auto entry = all.extract(from + part);
    if (entry.empty()) continue;
    entry.key() = to + part;
    entry.mapped().entry.name = entry.key();
    all.insert(std::move(entry));
  }
}

std::string layer(std::int64_t index) {
  return std::string(kLayers) + std::to_string(index) + ".";
}

/// Blocks that norm behind the mixer and behind the MLP, and once in front of all.
void shift_norms(ByName& all) {
  if (!all.contains("backbone.ln_0.weight")) return;
  std::int64_t layers = 0;
  while (all.contains(layer(layers) + "norm1.weight")) ++layers;
  if (layers == 0 || all.contains("backbone.ln_f.weight")) return;
  move_norm(all, layer(layers - 1) + "norm2", "backbone.ln_f");
  for (std::int64_t i = layers - 1; i >= 0; --i) {
    move_norm(all, layer(i) + "norm1", layer(i) + "norm2");
    move_norm(all, i > 0 ? layer(i - 1) + "norm2" : "backbone.ln_0", layer(i) + "norm1");
  }
}

/// Whether all keys `mixer`… are an attention's, and not those of H3, which shares some.
bool is_attention(const ByName& all, const std::string& mixer) {
  constexpr std::array<std::string_view, 6> kKeys{"q_proj.",        "k_proj.",   "v_proj.",
                                                  "output_linear.", "out_proj.", "dwconv"};
  for (auto at = all.lower_bound(mixer); at != all.end() && at->first.starts_with(mixer); ++at) {
    const auto rest = std::string_view(at->first).substr(mixer.size());
    if (std::ranges::none_of(kKeys, [&](auto key) { return rest.starts_with(key); })) return false;
  }
  return true;
}

/// Stacks the tensors `keys` along their rows; nothing where they do not fit.
std::optional<NamedWeight> stacked(const ByName& all, const std::array<std::string, 3>& keys,
                                   const std::string& name) {
  constexpr std::int64_t kMostRows = std::int64_t{1} << 40;
  NamedWeight out;
  for (const std::string& key : keys) {
    const auto found = all.find(key);
    if (found == all.end() || found->second.keys.size() != 1) return std::nullopt;
    const TensorEntry& one = found->second.entry;
    TensorEntry& sum = out.entry;
    if (one.shape.empty() || one.shape[0] > kMostRows) return std::nullopt;
    if (out.keys.empty()) {
      sum = one;
    } else if (one.dtype == sum.dtype && one.shape.size() == sum.shape.size() &&
               std::equal(one.shape.begin() + 1, one.shape.end(), sum.shape.begin() + 1)) {
      sum.shape[0] += one.shape[0];
      sum.end += one.end - one.begin;
    } else {
      return std::nullopt;
    }
    out.keys.push_back(found->second.keys.front());
  }
  out.entry.name = name;
  return out;
}

/// q_proj, k_proj, v_proj of an attention → Wqkv, and output_linear → out_proj.
void stack_projections(ByName& all) {
  for (std::int64_t i = 0; all.contains(layer(i) + "norm1.weight"); ++i) {
    const std::string mixer = layer(i) + "mixer.";
    if (!is_attention(all, mixer)) continue;
    for (const std::string part : {"weight", "bias"}) {
      const std::array<std::string, 3> keys{mixer + "q_proj." + part, mixer + "k_proj." + part,
                                            mixer + "v_proj." + part};
      auto whole = stacked(all, keys, mixer + "Wqkv." + part);
      if (!whole) continue;
      for (const std::string& key : keys) all.erase(key);
      all.insert_or_assign(whole->entry.name, std::move(*whole));
    }
    for (const char* part : {".weight", ".bias"}) {
      auto entry = all.extract(mixer + "output_linear" + part);
      if (entry.empty()) continue;
      entry.key() = mixer + "out_proj" + part;
      entry.mapped().entry.name = entry.key();
      all.insert(std::move(entry));
    }
  }
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

std::string NamedWeight::shown() const {
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : " + ") + key;
  return out;
}

NamedWeights modern_names(std::span<const TensorEntry> tensors) {
  std::vector<NamedWeight> plain;
  bool wrapped = false;
  for (const TensorEntry& entry : tensors) {
    NamedWeight& weight = plain.emplace_back(NamedWeight{entry, {entry.name}});
    weight.entry.name = key_candidates(entry.name).back();
    wrapped |= entry.name.starts_with("state_dict.model.");
  }
  NamedWeights out;
  if (!is_language_model(plain)) {
    for (const TensorEntry& entry : tensors) out.weights.push_back({entry, {entry.name}});
    return out;
  }
  // What has the same name twice (raw and averaged weights) is left to the loader.
  ByName all;
  std::vector<NamedWeight> others;
  for (NamedWeight& weight : plain) {
    replace_beginning(weight.entry.name);
    const bool own = belongs_to_language_model(weight.entry.name);
    const std::string& key = weight.keys.front();
    if (wrapped && (!own || !key.starts_with("state_dict.model.")) &&
        !key.starts_with("state_dict_ema.")) {
      out.foreign.push_back(key);
    } else if (!all.contains(weight.entry.name)) {
      all.emplace(weight.entry.name, std::move(weight));
    } else {
      others.push_back(std::move(weight));
    }
  }
  shift_norms(all);
  stack_projections(all);
  for (auto& [name, weight] : all) out.weights.push_back(std::move(weight));
  out.weights.insert(out.weights.end(), others.begin(), others.end());
  return out;
}

}  // namespace hyena::backbone
