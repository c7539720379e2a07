#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/module.h"
#include "backbone/options.h"

namespace hyena::backbone {

/// What happens to a sequence longer than the filter was built for.
enum class Extend {
  kError,     ///< refuse it
  kZero,      ///< h = 0 beyond the trained lags
  kEvaluate,  ///< evaluate the implicit filter past the trained lags
};

/// Settings of an implicit filter; names and defaults are safari's.
struct HyenaFilterOptions {
  std::int64_t emb_dim = 3;
  std::int64_t filter_order = 64;
  std::int64_t num_inner_mlps = 2;
  double w = 1;
  bool modulate = true;
  double fast_decay_pct = 0.3;
  double slow_decay_pct = 1.5;
  double target = 1e-2;
  double shift = 0;
  double modulation_lr = 0;
  bool normalized = false;
  bool use_bias = true;
  double filter_lr = 1e-3;
  double filter_wd = 0;
  double lr_pos_emb = 1e-5;
  std::string extend = "error";
  bool compat_reversed_window = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("emb_dim", emb_dim,
            {.help = "positional features E, odd: time and (E-1)/2 waves", .min = 3});
    v.field("filter_order", filter_order, {.help = "width F of the filter's MLP", .min = 1});
    v.field("num_inner_mlps", num_inner_mlps,
            {.help = "hidden layers of the filter's MLP", .min = 0});
    v.field("w", w, {.help = "initial frequency of its sines"});
    v.field("modulate", modulate, {.help = "multiply the filter with an exponential window"});
    v.field(
        "fast_decay_pct", fast_decay_pct,
        {.help = "where the fastest channel decays to `target`", .unit = "of l_max", .min = 1e-6});
    v.field(
        "slow_decay_pct", slow_decay_pct,
        {.help = "where the slowest channel decays to `target`", .unit = "of l_max", .min = 1e-6});
    v.field("target", target, {.help = "value of the window there", .min = 1e-12, .max = 1});
    v.field("shift", shift, {.help = "constant added to the window"});
    v.field("modulation_lr", modulation_lr,
            {.help = "learning rate of the decay rates; 0 keeps them fixed", .min = 0});
    v.field("normalized", normalized,
            {.help = "L1-normalise the filter over channels at each lag"});
    v.field("use_bias", use_bias, {.help = "add bias * input, the skip term of the convolution"});
    v.field("filter_lr", filter_lr,
            {.help = "learning rate of the filter's MLP; 0 takes the run's", .min = 0});
    v.field("filter_wd", filter_wd, {.help = "weight decay of the filter's MLP", .min = 0});
    v.field("lr_pos_emb", lr_pos_emb,
            {.help = "learning rate of the positional features; 0 keeps them fixed", .min = 0});
    v.field(
        "extend", extend,
        {.help = "sequences longer than l_max: refuse, h = 0 beyond, or evaluate the filter there",
         .choices = {"error", "zero", "evaluate"}});
    v.field("compat_reversed_window", compat_reversed_window,
            {.help = "parity with HyenaPixel's causal operator: the window grows with the lag"});
  }
};

/// The implicit filter of Hyena: positional features → sine MLP → exponential window
/// (Poli et al. 2023, section 3.3; safari's HyenaFilter, for centred filters HyenaPixel's).
///
/// Causal filters hold lags 0 … l_max−1. Centred ones hold lags −(l_max−1) … l_max−1; their time
/// feature is 1 at lag 0 and falls to 0 on both sides, and the window decays with |lag|.
/// State: bias (C), pos_emb.{z,t}, implicit_filter.{0,2,…}.{weight,bias},
/// implicit_filter.{1,3,…}.freq, modulation.deltas, with safari's shapes. z is a parameter when
/// lr_pos_emb > 0.
class HyenaFilter : public Module {
 public:
  /// `channels` C: all long filters of an operator together. With `shared_sine` one frequency
  /// stands under the key of every sine (safari); otherwise each sine has its own (HyenaPixel).
  HyenaFilter(std::int64_t channels, std::int64_t l_max, const HyenaFilterOptions& options,
              bool centred = false, bool shared_sine = true);

  /// Taps for a sequence of L: (1, L, C) for a causal, (1, 2L−1, C) for a centred filter; fewer
  /// when L > l_max and extend is "zero". float32 at least, also under autocast. Throws OptionError
  /// for L > l_max unless `extend` allows it (then warns once).
  at::Tensor forward(std::int64_t seq_len);

  /// The exponential window alone, (1, K, C), for lags as forward() returns them.
  at::Tensor window(std::int64_t seq_len);

  /// The positional features of the same lags, (K, E).
  at::Tensor features(std::int64_t seq_len) { return positions_for(seq_len).z.squeeze(0); }

  /// Makes this the filter of another l_max: features and times are computed anew, so that the same
  /// MLP is sampled on a finer or coarser grid. Learned features are interpolated linearly.
  void set_l_max(std::int64_t l_max);

  std::int64_t l_max() const { return l_max_; }
  bool centred() const { return centred_; }

  at::Tensor bias;  ///< (C), the skip term; all zeros in effect when use_bias is off

  /// bias, or zeros when use_bias is off: what the convolution adds.
  at::Tensor skip() const;

 private:
  struct Positions {
    at::Tensor z;  ///< (1, K, E)
    at::Tensor t;  ///< (1, K, 1)
  };
  Positions positions(std::int64_t first_lag, std::int64_t last_lag) const;
  Positions positions_for(std::int64_t seq_len);

  std::int64_t l_max_;
  HyenaFilterOptions options_;
  Extend extend_;
  bool centred_;
  bool warned_ = false;
  at::Tensor z_, t_, deltas_;
  struct Layer {
    at::Tensor weight, bias, freq;  ///< freq undefined after the last layer
  };
  std::vector<Layer> layers_;
};

}  // namespace hyena::backbone
