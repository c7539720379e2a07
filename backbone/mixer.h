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

/// Mixes information between tokens: the part of a block that attention is in a Transformer.
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
