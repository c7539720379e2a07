#include "backbone/mixers/mha.h"

#include <memory>

#include <ATen/ATen.h>

#include "backbone/decode/attention_state.h"
#include "backbone/layers.h"
#include "backbone/mixers/kinds.h"
#include "backbone/observer.h"
#include "backbone/ops/attention.h"
#include "backbone/ops/short_conv.h"

namespace hyena::backbone {
namespace {

constexpr std::int64_t kUsualHeadDim = 64;
constexpr std::int64_t kShortTaps = 3;

std::int64_t heads_of(std::int64_t d_model, std::int64_t wanted) {
  const std::int64_t heads =
      wanted > 0 ? wanted : std::max<std::int64_t>(1, d_model / kUsualHeadDim);
  if (d_model % heads != 0) {
    throw OptionError("mha: num_heads " + std::to_string(heads) + " does not divide d_model " +
                      std::to_string(d_model) + "; choose another num_heads");
  }
  return heads;
}

}  // namespace

CausalAttention::CausalAttention(std::int64_t d_model, const CausalAttentionOptions& options)
    : num_heads_(heads_of(d_model, options.num_heads)),
      wqkv_(make_child<Linear>("Wqkv", d_model, 3 * d_model)) {
  if (options.dwconv) {
    short_weight_ =
        add_parameter("dwconv_qkv.weight", uniform({3 * d_model, 1, kShortTaps}, kShortTaps));
    short_bias_ = add_parameter("dwconv_qkv.bias", uniform({3 * d_model}, kShortTaps));
  }
  out_proj_ = &make_child<Linear>("out_proj", d_model, d_model);
}

at::Tensor CausalAttention::forward(const at::Tensor& x, const TokenGrid&) {
  auto qkv = wqkv_.forward(x);
  if (short_weight_.defined()) {
    qkv = short_conv(qkv.transpose(1, 2), short_weight_, short_bias_, /*causal=*/true)
              .transpose(1, 2);
  }
  // (B, L, 3, heads, head_dim) → three (B, heads, L, head_dim)
  const auto parts = qkv.unflatten(2, {3, num_heads_, -1}).permute({2, 0, 3, 1, 4}).unbind(0);
  observe("attention",
          [&] { return attention_probabilities(parts[0], parts[1], /*causal=*/true); });
  observe("v", [&] { return parts[2].transpose(2, 3).flatten(1, 2); });
  const auto y =  // (B, C, L)
      attention(parts[0], parts[1], parts[2], /*causal=*/true)
          .transpose(1, 2)
          .flatten(2)
          .transpose(1, 2);
  observe("y", y);
  return out_proj_->forward(y.transpose(1, 2));
}

std::unique_ptr<MixerState> CausalAttention::start_decoding(const MixerDecodeOptions& options) {
  return attention_state({.qkv = wqkv_,
                          .out = *out_proj_,
                          .heads = num_heads_,
                          .short_weight = short_weight_,
                          .short_bias = short_bias_},
                         options, "mha");
}

MixerEntry mha_mixer() {
  return {.name = "mha",
          .summary = "causal multi-head attention of language models (GPT; safari's keys)",
          .key = "mixer",
          .options = default_options<CausalAttentionOptions>,
          .make = [](const MixerContext& context, const nlohmann::json& options) {
            return std::make_unique<CausalAttention>(
                context.d_model, options_of<CausalAttentionOptions>(options, "mixer mha"));
          }};
}

}  // namespace hyena::backbone
