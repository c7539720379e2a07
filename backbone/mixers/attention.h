#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "backbone/layers.h"
#include "backbone/mixer.h"

namespace hyena::backbone {

/// Settings of multi-head self-attention; names and defaults are timm's.
struct AttentionOptions {
  std::int64_t num_heads = 0;
  std::int64_t head_dim = 0;
  bool qkv_bias = true;
  bool proj_bias = true;
  bool qk_norm = false;
  bool causal = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("num_heads", num_heads,
            {.help = "heads; 0 takes as many as fit: d_model / head_dim, at least 1", .min = 0});
    v.field("head_dim", head_dim,
            {.help = "width of a head; 0 takes d_model / num_heads, or 64 when that is 0 too",
             .min = 0});
    v.field("qkv_bias", qkv_bias, {.help = "bias of the query, key and value projection"});
    v.field("proj_bias", proj_bias, {.help = "bias of the output projection"});
    v.field("qk_norm", qk_norm, {.help = "layer norm of queries and keys, head by head"});
    v.field("causal", causal, {.help = "a token sees itself and earlier tokens only"});
  }
};

/// Multi-head self-attention, the control of every comparison.
///   y = proj(softmax(q kᵀ / √head_dim) v),   (q, k, v) = qkv(x)
/// State: qkv, [q_norm, k_norm,] proj, as timm's Attention and MetaFormer's. Serves any grid.
class Attention final : public Mixer {
 public:
  /// Throws OptionError when num_heads does not divide d_model and no head_dim is given.
  Attention(std::int64_t d_model, const AttentionOptions& options);

  at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) override;

  std::unique_ptr<MixerState> start_decoding(const MixerDecodeOptions& options) override;

  bool causal() const override { return causal_; }

  LongFilters long_filters(const TokenGrid&) override {
    return {.out_weight = proj_.weight, .heads = num_heads_, .channels = num_heads_ * head_dim_};
  }

  std::int64_t num_heads() const { return num_heads_; }

 private:
  std::int64_t num_heads_, head_dim_;
  bool causal_;
  Linear& qkv_;
  LayerNorm* q_norm_ = nullptr;
  LayerNorm* k_norm_ = nullptr;
  Linear& proj_;
};

}  // namespace hyena::backbone
