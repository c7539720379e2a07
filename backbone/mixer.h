#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "backbone/module.h"
#include "backbone/options.h"

namespace hyena::backbone {

class MixerState;
struct MixerDecodeOptions;

/// How the tokens of a sequence lie on a picture: `prefix` tokens that belong to no place (class
/// and register tokens), then height × width patches in raster order.
struct TokenGrid {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t prefix = 0;

  std::int64_t patches() const { return height * width; }
  std::int64_t tokens() const { return prefix + patches(); }
};

/// A mixer's long filters and what is needed to look at them; undefined tensors: there is none.
/// With its streams (observed as "g_out", "g_in.0" …, "v", see Mixer) the mixer computes
///   v ← g_in.o ⊙ v;  v ← taps[o] ∗ v + skip[o] ⊙ v + offset     for each order o
///   y = g_out ⊙ v
/// for each channel; channel c uses filter channel c mod (filter channels).
struct LongFilters {
  /// Convolved with the signal: (orders, filter channels, K) along a sequence, where tap i is lag
  /// first_lag + i; (channels, KH, KW) over maps, where lag (0, 0) is at [KH/2, KW/2].
  at::Tensor taps = {};
  bool over_map = false;
  std::int64_t first_lag = 0;
  at::Tensor window = {};    ///< factor of the taps, of their shape
  at::Tensor skip = {};      ///< (orders, filter channels); (channels) over maps
  at::Tensor offset = {};    ///< (channels, 1) or (channels, positions); of explicit filters
  at::Tensor features = {};  ///< what the filter's MLP sees: (K, E), or (E, KH, KW) over maps
  /// Short filter of the value: (channels, k), tap i at lag short_first_lag + i, or (channels, k,
  /// k) centred over maps.
  at::Tensor short_taps = {};
  std::int64_t short_first_lag = 0;
  at::Tensor out_weight = {};  ///< (d_model, channels)
  std::int64_t heads = 1;
  std::int64_t channels = 0;  ///< of the streams
  /// The product is normalised over channels before the first filter: "product" is then what is
  /// convolved, and g_in.0 ⊙ v is not.
  bool normalised = false;
  /// Not empty: why the formula above does not hold (channels are mixed in between).
  std::string not_linear = {};
};

/// Mixes information between tokens: the part of a block that attention is in a Transformer.
///
/// Observed under the mixer's own name, (B, channels, L) or (B, channels, H, W): "g_out", "g_in.0"
/// … in the order in which they are applied, "v", all behind the short filter; "product", what the
/// first long filter convolves; "y", what the output projection takes (before activation and norm;
/// part of the graph). Attention: "attention" (B, heads, L, L), "v", "y".
class Mixer : public Module {
 public:
  /// x (B, L, D) with L = grid.tokens() → (B, L, D). Throws OptionError where the mixer cannot
  /// serve the grid (prefix tokens in a 2-D mixer, a sequence longer than its filters).
  virtual at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) = 0;

  /// The state with which it takes one token of each sequence at a time. Weights are copied: later
  /// changes do not reach it. Throws OptionError where the mixer cannot do that, and for a
  /// max_length past its filters.
  virtual std::unique_ptr<MixerState> start_decoding(const MixerDecodeOptions& options);

  /// Whether a token sees itself and earlier tokens only.
  virtual bool causal() const { return false; }

  /// The longest sequence it can mix; 0: any.
  virtual std::int64_t max_len() const { return 0; }

  /// Fits what is tied to a grid (implicit filters, their positions and distances) to another one,
  /// before fine-tuning or evaluation at another resolution. Without this call a filter keeps its
  /// taps. Mixers without such state do nothing.
  virtual void resize_filters(const TokenGrid& /*grid*/) {}

  /// Its long filters for tokens on `grid`; an empty grid stands for what it was built for. Taps
  /// undefined: it has none. Part of the graph when one is recorded.
  virtual LongFilters long_filters(const TokenGrid& /*grid*/) { return {}; }
};

/// What a mixer must know of the model that it is built into.
struct MixerContext {
  std::int64_t d_model = 0;
  TokenGrid grid;          ///< at the model's own input size
  std::int64_t layer = 0;  ///< index of the block, from 0
  std::int64_t num_layers = 1;
};

/// A kind of mixer. To add one: one file that defines it, one line in mixers/registry.cpp.
struct MixerEntry {
  std::string name;     ///< as in --mixer
  std::string summary;  ///< one line for `hyena models`
  std::string key;      ///< name of the child in a block: "attn" or "mixer"
  /// A fresh set of the mixer's options at their defaults.
  std::function<std::unique_ptr<AnyOptions>()> options;
  /// Builds it; `options` holds the fields to change from their defaults.
  std::function<std::unique_ptr<Mixer>(const MixerContext&, const nlohmann::json& options)> make;
};

const std::vector<MixerEntry>& mixer_registry();

/// Throws OptionError that names the nearest kind.
const MixerEntry& find_mixer(const std::string& name);

/// An options struct that owns its values, for MixerEntry::options and ModelFamily::options.
template <class Options>
class OwnedOptions final : public AnyOptions {
 public:
  void visit(OptionVisitor& visitor) override { values.visit(visitor); }
  Options values;
};

template <class Options>
std::unique_ptr<AnyOptions> default_options() {
  return std::make_unique<OwnedOptions<Options>>();
}

}  // namespace hyena::backbone
