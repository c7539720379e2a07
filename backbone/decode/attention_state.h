#pragma once

#include <cstdint>
#include <memory>

#include "backbone/decode/mixer_state.h"
#include "backbone/layers.h"

namespace hyena::backbone {

/// What causal multi-head attention is made of, whatever the names of its weights.
struct AttentionParts {
  const Linear& qkv;  ///< (3 · heads · head_dim, D): queries, keys, values
  const Linear& out;
  std::int64_t heads = 1;
  at::Tensor short_weight = {}, short_bias = {};  ///< over q, k, v; may be undefined
  const LayerNorm* q_norm = nullptr;              ///< of each head; may be absent
  const LayerNorm* k_norm = nullptr;
  double norm_eps = 1e-6;
};

/// Attention with a cache of keys and values: 2 · heads · head_dim numbers a token.
std::unique_ptr<MixerState> attention_state(const AttentionParts& parts,
                                            const MixerDecodeOptions& options,
                                            const std::string& name);

}  // namespace hyena::backbone
