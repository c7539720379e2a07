#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/filter_cache.h"
#include "backbone/hyena_filter.h"
#include "backbone/layers.h"
#include "backbone/mixer.h"
#include "backbone/ops/fftconv.h"

namespace hyena::backbone {

/// Settings of a Hyena operator over sequences; names and defaults are safari's.
struct HyenaOptions {
  std::int64_t l_max = 0;
  std::int64_t order = 2;
  std::int64_t num_heads = 1;
  std::int64_t inner_factor = 1;
  std::int64_t short_filter = 3;
  bool outer_mixing = false;
  bool post_order_ffn = false;
  double dropout = 0;
  std::string activation = "id";
  std::string filter_layout = "channel_major";
  bool use_layernorm = false;
  std::int64_t compat_num_blocks = 1;
  HyenaFilterOptions filter;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("l_max", l_max,
            {.help = "longest sequence; 0 takes the model's own", .unit = "tokens", .min = 0});
    v.field("order", order, {.help = "N gates and N-1 long filters", .min = 2, .max = 16});
    v.field("num_heads", num_heads, {.help = "heads that share the long filters", .min = 1});
    v.field("inner_factor", inner_factor,
            {.help = "width inside the operator over d_model", .min = 1});
    v.field("short_filter", short_filter,
            {.help = "taps of the short convolution after the projection", .min = 1, .max = 64});
    v.field("outer_mixing", outer_mixing, {.help = "gate with the sum over the gate's channels"});
    v.field("post_order_ffn", post_order_ffn,
            {.help = "mix the heads after each long convolution"});
    v.field("dropout", dropout,
            {.help = "on the gated value before each long convolution", .min = 0, .max = 1});
    v.field("activation", activation,
            {.help = "before the output projection",
             .choices = {"id", "relu", "gelu", "gelu_tanh", "silu", "sin"}});
    v.field("filter_layout", filter_layout,
            {.help = "order of the filter's channels for order > 2: safari's is channel_major; its "
                     "standalone file and HyenaPixel use order_major",
             .choices = {"channel_major", "order_major"}});
    v.field("use_layernorm", use_layernorm,
            {.help = "normalise the gated value and the result, as HyenaPixel's B36"});
    v.field(
        "compat_num_blocks", compat_num_blocks,
        {.help = "parity with safari's num_blocks: convolve blocks of time on a circle", .min = 1});
    filter.visit(v);
  }
};

/// The Hyena operator, order N (Poli et al. 2023, Def. 3.1, in the form of safari's HyenaOperator):
///   (x_0, …, x_{N−1}, v) = short_filter(in_proj(u))
///   v ← x_{N−1−o} ⊙ v;  v ← h_o ∗ v + b_o ⊙ v     for o = 0 … N−2
///   y = out_proj(activation(x_0 ⊙ v))
/// so N gates and N−1 long filters.
///
/// Causal: short filter and long filters look back (safari). Centred: both look to both sides, the
/// sines of the filter have frequencies of their own, and layer norms are optional (HyenaPixel's
/// H_b). With heads, the channels split into num_heads groups whose gates and value are their own
/// and which share the head_dim·(N−1) filter channels; with inner_factor f, everything between the
/// projections is f·d_model wide. (safari's code fails for both; this is what its shapes intend.)
class HyenaOperator : public Module {
 public:
  HyenaOperator(std::int64_t d_model, const HyenaOptions& options, bool centred = false);

  /// u (B, L, D) → (B, L, D). Throws OptionError for L > l_max, see Extend.
  at::Tensor forward(const at::Tensor& u);

  /// As Mixer::start_decoding(): orders from 2, heads, without outer_mixing, post_order_ffn, layer
  /// norms and compat_num_blocks.
  std::unique_ptr<MixerState> start_decoding(const MixerDecodeOptions& options);

  HyenaFilter& filter() { return filter_; }
  const HyenaOptions& options() const { return options_; }

  /// Long filters as the convolution uses them: (N−1, head channels, K).
  at::Tensor filters(std::int64_t seq_len);

  /// As Mixer::long_filters(), for sequences of `seq_len`; 0: the filter's own l_max.
  LongFilters describe_filters(std::int64_t seq_len);

 private:
  at::Tensor gate(const at::Tensor& v, const at::Tensor& x) const;
  Support support() const;
  /// One order's filter: taps and skip term, or, for inference, both made ready.
  struct LongFilter {
    at::Tensor h, bias;  ///< (head channels, K), (head channels)
    std::optional<PreparedFilter> prepared;
  };
  /// The filters of all orders for the signal (B, channels, L); kept between calls of inference.
  std::vector<LongFilter> long_filters(const at::Tensor& signal);
  /// q ⊙ (h ∗ (k ⊙ v)) over (B, heads, head channels, L); q and k may be undefined.
  at::Tensor convolve(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                      const LongFilter& filter) const;
  /// (B, (N+1)·channels, …) → x_0 … x_{N−1}, v, each (B, heads, head channels, …).
  std::vector<at::Tensor> split(const at::Tensor& projected) const;
  /// Hands the streams to an observer; `streams` makes them, as split() does, when one is wanted.
  void observe_streams(const std::function<std::vector<at::Tensor>()>& streams) const;
  /// From the projected streams (B, 3·channels, L) to (B, channels, L), at order 2 without heads.
  at::Tensor convolve_streams(const at::Tensor& streams);
  /// Activation, norm and projection of (B, channels, L).
  at::Tensor project_out(const at::Tensor& v);
  /// A per-filter-channel tensor (C, …) as (N−1, head channels, …).
  at::Tensor by_order(const at::Tensor& t) const;

  HyenaOptions options_;
  std::int64_t head_dim_;
  bool centred_;
  Linear& out_proj_;
  Linear& in_proj_;
  at::Tensor ord_proj_w_;  ///< (N, heads, heads) with post_order_ffn
  at::Tensor short_weight_, short_bias_;
  std::vector<LayerNorm*> qk_norm_;
  LayerNorm* out_norm_ = nullptr;
  HyenaFilter& filter_;
  ParameterCache<std::vector<LongFilter>> cache_;
};

}  // namespace hyena::backbone
