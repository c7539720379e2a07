#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

#include "backbone/layers.h"
#include "backbone/mixer.h"

namespace hyena::backbone {

/// Settings of causal self-attention; names are safari's.
struct CausalAttentionOptions {
  std::int64_t num_heads = 0;
  bool dwconv = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("num_heads", num_heads, {.help = "heads; 0 takes d_model / 64, at least 1", .min = 0});
    v.field("dwconv", dwconv,
            {.help = "causal short convolution of 3 taps over queries, keys and values"});
  }
};

/// Causal multi-head self-attention as safari's language models have it, the control of every
/// comparison of language models:  y = out_proj(softmax(q kᵀ / √head_dim) v), (q, k, v) = Wqkv(x).
/// State: Wqkv, [dwconv_qkv,] out_proj.
class CausalAttention final : public Mixer {
 public:
  /// Throws OptionError when num_heads does not divide d_model.
  CausalAttention(std::int64_t d_model, const CausalAttentionOptions& options);

  at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) override;
  bool causal() const override { return true; }
  LongFilters long_filters(const TokenGrid&) override {
    return {.out_weight = out_proj_->weight,
            .heads = num_heads_,
            .channels = out_proj_->weight.size(1)};
  }
  std::unique_ptr<MixerState> start_decoding(const MixerDecodeOptions& options) override;

  std::int64_t num_heads() const { return num_heads_; }
  const Linear& wqkv() const { return wqkv_; }
  const Linear& out_proj() const { return *out_proj_; }
  /// (3·D, 1, 3) and (3·D); undefined without dwconv.
  const at::Tensor& short_weight() const { return short_weight_; }
  const at::Tensor& short_bias() const { return short_bias_; }

 private:
  std::int64_t num_heads_;
  Linear& wqkv_;
  at::Tensor short_weight_, short_bias_;
  Linear* out_proj_ = nullptr;
};

}  // namespace hyena::backbone
