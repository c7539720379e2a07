#include "backbone/hyena_filter.h"

#include <cmath>
#include <numbers>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include "backbone/layers.h"
#include "backbone/ops/implicit_filter.h"

namespace hyena::backbone {
namespace {

Extend parse_extend(const std::string& name) {
  if (name == "zero") return Extend::kZero;
  return name == "evaluate" ? Extend::kEvaluate : Extend::kError;
}

ParameterHint own_rate(double lr, double weight_decay) {
  ParameterHint hint{.lr = std::nullopt, .weight_decay = weight_decay};
  if (lr > 0) hint.lr = lr;
  return hint;
}

}  // namespace

HyenaFilter::HyenaFilter(std::int64_t channels, std::int64_t l_max,
                         const HyenaFilterOptions& options, bool centred, bool shared_sine)
    : bias(add_parameter("bias", at::randn({channels}))),
      l_max_(l_max),
      options_(options),
      extend_(parse_extend(options.extend)),
      centred_(centred) {
  if (options.emb_dim % 2 == 0) {
    throw OptionError("emb_dim must be odd (time and pairs of cosine and sine), got " +
                      std::to_string(options.emb_dim));
  }
  if (l_max < 1) throw OptionError("l_max must be at least 1, got " + std::to_string(l_max));

  const Positions all = positions(centred ? 1 - l_max : 0, l_max - 1);
  if (options.lr_pos_emb > 0) {
    z_ = add_parameter("pos_emb.z", all.z, own_rate(options.lr_pos_emb, 0));
  } else {
    z_ = add_buffer("pos_emb.z", all.z);
  }
  t_ = add_buffer("pos_emb.t", all.t);

  const ParameterHint hint = own_rate(options.filter_lr, options.filter_wd);
  const auto key = [](std::int64_t index, const char* name) {
    return "implicit_filter." + std::to_string(index) + "." + name;
  };
  std::int64_t in = options.emb_dim;
  for (std::int64_t i = 0; i <= options.num_inner_mlps; ++i) {
    Layer layer;
    layer.weight =
        add_parameter(key(2 * i, "weight"), uniform({options.filter_order, in}, in), hint);
    layer.bias = add_parameter(key(2 * i, "bias"), uniform({options.filter_order}, in), hint);
    if (i == 0 || !shared_sine) {
      layer.freq = add_parameter(key(2 * i + 1, "freq"),
                                 at::full({1, options.filter_order}, options.w), hint);
    } else {
      add_alias(key(2 * i + 1, "freq"), key(1, "freq"));
      layer.freq = layers_.front().freq;
    }
    layers_.push_back(layer);
    in = options.filter_order;
  }
  layers_.push_back({.weight = add_parameter(key(2 * options.num_inner_mlps + 2, "weight"),
                                             uniform({channels, in}, in), hint),
                     .bias = {},
                     .freq = {}});

  const double slowest = std::log(options.target) / options.slow_decay_pct;
  const double fastest = std::log(options.target) / options.fast_decay_pct;
  const auto deltas = at::linspace(slowest, fastest, channels).view({1, 1, -1});
  deltas_ = options.modulation_lr > 0
                ? add_parameter("modulation.deltas", deltas, own_rate(options.modulation_lr, 0))
                : add_buffer("modulation.deltas", deltas);
}

HyenaFilter::Positions HyenaFilter::positions(std::int64_t first_lag, std::int64_t last_lag) const {
  const auto lag = at::arange(first_lag, last_lag + 1, at::kDouble);  // (K)
  // l_max 1 has a single lag, at time 0.
  auto t = lag.abs() / static_cast<double>(std::max<std::int64_t>(l_max_ - 1, 1));
  const auto feature = centred_ ? 1 - t : t;
  // The waves run once over the filter's whole support.
  const std::int64_t support = centred_ ? 2 * l_max_ - 1 : l_max_;
  const auto angle =
      (centred_ ? lag + (l_max_ - 1) : lag) * (2 * std::numbers::pi / static_cast<double>(support));
  const std::int64_t bands = (options_.emb_dim - 1) / 2;
  const auto f = at::linspace(1e-4, static_cast<double>(bands - 1), bands, at::kDouble);
  const auto waves = angle.unsqueeze(1) * f;  // (K, bands)
  const auto z = at::cat({feature.unsqueeze(1), waves.cos(), -waves.sin()}, 1);
  if (options_.compat_reversed_window) t = 1 - t;
  return {.z = z.unsqueeze(0).to(at::kFloat), .t = t.view({1, -1, 1}).to(at::kFloat)};
}

HyenaFilter::Positions HyenaFilter::positions_for(std::int64_t seq_len) {
  const std::int64_t lags = z_.size(1);
  if (seq_len == l_max_) return {.z = z_, .t = t_};
  if (seq_len < l_max_) {
    const std::int64_t first = centred_ ? l_max_ - seq_len : 0;
    const std::int64_t last = centred_ ? l_max_ - 1 + seq_len : seq_len;
    return {.z = z_.slice(1, first, last), .t = t_.slice(1, first, last)};
  }
  if (extend_ == Extend::kError) {
    throw OptionError("a sequence of " + std::to_string(seq_len) +
                      " tokens is longer than the filter's l_max " + std::to_string(l_max_) +
                      "; use --extend zero (h = 0 beyond) or --extend evaluate (the filter is "
                      "evaluated past the trained range)");
  }
  if (!warned_) {
    TORCH_WARN("a sequence of ", seq_len, " tokens is longer than the filter's l_max ", l_max_,
               extend_ == Extend::kZero ? ": h = 0 beyond" : ": the filter is evaluated beyond");
    warned_ = true;
  }
  if (extend_ == Extend::kZero) return {.z = z_, .t = t_};
  const auto after = positions(l_max_, seq_len - 1);
  std::vector<at::Tensor> z = {z_, after.z.to(z_.options())}, t = {t_, after.t.to(t_.options())};
  if (centred_) {
    const auto before = positions(1 - seq_len, -l_max_);
    z.insert(z.begin(), before.z.to(z_.options()));
    t.insert(t.begin(), before.t.to(t_.options()));
  }
  TORCH_INTERNAL_ASSERT(lags == (centred_ ? 2 * l_max_ - 1 : l_max_));
  return {.z = at::cat(z, 1), .t = at::cat(t, 1)};
}

at::Tensor HyenaFilter::window(std::int64_t seq_len) {
  return at::exp(-positions_for(seq_len).t * deltas_.abs()) + options_.shift;  // (1, K, C)
}

at::Tensor HyenaFilter::forward(std::int64_t seq_len) {
  const Positions at_lags = positions_for(seq_len);
  ImplicitFilter filter;
  filter.z = at_lags.z.squeeze(0);
  for (const Layer& layer : layers_) {
    if (!layer.freq.defined()) break;
    filter.layers.push_back({layer.weight, layer.bias, layer.freq});
  }
  filter.weight = layers_.back().weight;
  filter.normalized = options_.normalized;
  if (options_.modulate) {
    filter.t = at_lags.t.flatten();
    filter.delta = deltas_.flatten();
    if (options_.shift != 0) {
      filter.shift = at::full_like(filter.delta.detach(), options_.shift, at::kDouble);
    }
  }
  return implicit_filter(filter).unsqueeze(0);
}

at::Tensor HyenaFilter::skip() const {
  return options_.use_bias ? bias : bias * 0;
}

void HyenaFilter::set_l_max(std::int64_t l_max) {
  if (l_max == l_max_) return;
  const at::NoGradGuard no_grad;
  l_max_ = l_max;
  Positions all = positions(centred_ ? 1 - l_max : 0, l_max - 1);
  if (z_.requires_grad()) {
    all.z = at::upsample_linear1d(z_.transpose(1, 2), all.z.size(1), /*align_corners=*/true)
                .transpose(1, 2);
  }
  replace("pos_emb.z", all.z);
  replace("pos_emb.t", all.t);
}

}  // namespace hyena::backbone
