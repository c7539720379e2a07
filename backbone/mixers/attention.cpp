#include "backbone/mixers/attention.h"

#include <algorithm>
#include <string>

#include <ATen/ATen.h>

#include "backbone/decode/attention_state.h"
#include "backbone/mixers/kinds.h"
#include "backbone/observer.h"
#include "backbone/ops/attention.h"

namespace hyena::backbone {
namespace {

constexpr std::int64_t kUsualHeadDim = 64;
constexpr double kNormEps = 1e-6;

std::int64_t heads_of(std::int64_t d_model, const AttentionOptions& options) {
  if (options.num_heads > 0) return options.num_heads;
  const std::int64_t head_dim = options.head_dim > 0 ? options.head_dim : kUsualHeadDim;
  return std::max<std::int64_t>(1, d_model / head_dim);
}

std::int64_t head_dim_of(std::int64_t d_model, const AttentionOptions& options) {
  if (options.head_dim > 0) return options.head_dim;
  const std::int64_t heads = heads_of(d_model, options);
  if (d_model % heads != 0) {
    throw OptionError("attention: num_heads " + std::to_string(heads) +
                      " does not divide d_model " + std::to_string(d_model) +
                      "; choose another num_heads, or set head_dim");
  }
  return d_model / heads;
}

}  // namespace

Attention::Attention(std::int64_t d_model, const AttentionOptions& options)
    : num_heads_(heads_of(d_model, options)),
      head_dim_(head_dim_of(d_model, options)),
      causal_(options.causal),
      qkv_(make_child<Linear>("qkv", d_model, 3 * num_heads_ * head_dim_, options.qkv_bias)),
      q_norm_(options.qk_norm ? &make_child<LayerNorm>("q_norm", head_dim_, kNormEps) : nullptr),
      k_norm_(options.qk_norm ? &make_child<LayerNorm>("k_norm", head_dim_, kNormEps) : nullptr),
      proj_(make_child<Linear>("proj", num_heads_ * head_dim_, d_model, options.proj_bias)) {}

at::Tensor Attention::forward(const at::Tensor& x, const TokenGrid&) {
  // (B, L, 3, heads, head_dim) → three (B, heads, L, head_dim)
  const auto parts =
      qkv_.forward(x).unflatten(2, {3, num_heads_, head_dim_}).permute({2, 0, 3, 1, 4}).unbind(0);
  const auto q = q_norm_ != nullptr ? q_norm_->forward(parts[0]) : parts[0];
  const auto k = k_norm_ != nullptr ? k_norm_->forward(parts[1]) : parts[1];
  observe("attention", [&] { return attention_probabilities(q, k, causal_); });
  observe("v", [&] { return parts[2].transpose(2, 3).flatten(1, 2); });
  const auto y =  // (B, C, L)
      attention(q, k, parts[2], causal_).transpose(1, 2).flatten(2).transpose(1, 2);
  observe("y", y);
  return proj_.forward(y.transpose(1, 2));
}

std::unique_ptr<MixerState> Attention::start_decoding(const MixerDecodeOptions& options) {
  if (!causal_) {
    throw OptionError(
        "attention that sees the future (causal is off) cannot decode token by token");
  }
  return attention_state({.qkv = qkv_,
                          .out = proj_,
                          .heads = num_heads_,
                          .q_norm = q_norm_,
                          .k_norm = k_norm_,
                          .norm_eps = kNormEps},
                         options, "attention");
}

MixerEntry attention_mixer() {
  return {.name = "attention",
          .summary = "multi-head self-attention, the control",
          .key = "attn",
          .options = default_options<AttentionOptions>,
          .make = [](const MixerContext& context, const nlohmann::json& options) {
            return std::make_unique<Attention>(
                context.d_model, options_of<AttentionOptions>(options, "mixer attention"));
          }};
}

}  // namespace hyena::backbone
