#include "backbone/hyena_operator.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/layers.h"
#include "backbone/observer.h"
#include "backbone/ops/compat.h"
#include "backbone/ops/projection.h"
#include "backbone/ops/short_conv.h"

namespace hyena::backbone {
namespace {

constexpr double kPixelNormEps = 1e-5;  // HyenaPixel's norms inside the operator

const HyenaOptions& checked(const HyenaOptions& options, std::int64_t d_model) {
  const std::int64_t width = d_model * options.inner_factor;
  if (width % options.num_heads != 0) {
    throw OptionError("num_heads " + std::to_string(options.num_heads) +
                      " does not divide the operator's width " + std::to_string(width));
  }
  return options;
}

}  // namespace

HyenaOperator::HyenaOperator(std::int64_t d_model, const HyenaOptions& options, bool centred)
    : options_(checked(options, d_model)),
      head_dim_(d_model * options.inner_factor / options.num_heads),
      centred_(centred),
      out_proj_(make_child<Linear>("out_proj", d_model * options.inner_factor, d_model)),
      in_proj_(make_child<Linear>("in_proj", d_model,
                                  (options.order + 1) * d_model * options.inner_factor)),
      filter_(make_child<HyenaFilter>("filter_fn", (options.order - 1) * head_dim_, options.l_max,
                                      options.filter,
                                      centred && !options.filter.compat_reversed_window,
                                      /*shared_sine=*/!centred)) {
  const std::int64_t channels = in_proj_.weight.size(0);
  if (options.post_order_ffn) {
    ord_proj_w_ = add_parameter("ord_proj_w",
                                at::randn({options.order, options.num_heads, options.num_heads}) /
                                    std::sqrt(static_cast<double>(head_dim_)));
  }
  short_weight_ = add_parameter("short_filter.weight",
                                uniform({channels, 1, options.short_filter}, options.short_filter));
  short_bias_ = add_parameter("short_filter.bias", uniform({channels}, options.short_filter));
  if (options.use_layernorm) {
    const std::int64_t width = head_dim_ * options.num_heads;
    for (std::int64_t o = 0; o + 1 < options.order; ++o) {
      qk_norm_.push_back(
          &make_child<LayerNorm>("qk_norm." + std::to_string(o), width, kPixelNormEps, false));
    }
    out_norm_ = &make_child<LayerNorm>("out_norm", width, kPixelNormEps, false);
  }
}

at::Tensor HyenaOperator::by_order(const at::Tensor& t) const {
  const std::int64_t filters = options_.order - 1;
  return options_.filter_layout == "channel_major"
             ? t.unflatten(0, {head_dim_, filters}).transpose(0, 1)
             : t.unflatten(0, {filters, head_dim_});
}

at::Tensor HyenaOperator::filters(std::int64_t seq_len) {
  return by_order(filter_.forward(seq_len).squeeze(0).t());
}

at::Tensor HyenaOperator::gate(const at::Tensor& v, const at::Tensor& x) const {
  const double rate = options_.dropout;
  if (!options_.outer_mixing) return backbone::dropout(v * x, rate, is_training());
  // (B, heads, D/heads, L): every channel of the value times every channel of the gate, summed over
  // the gate's. Without dropout the sum over the gate comes first and costs no outer product.
  if (rate <= 0 || !is_training()) return v * x.sum(2, /*keepdim=*/true);
  return backbone::dropout(v.unsqueeze(2) * x.unsqueeze(3), rate, true).sum(2);
}

at::Tensor HyenaOperator::convolve(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   const LongFilter& filter) const {
  const auto flat = [](const at::Tensor& x) {  // (B, heads·head_dim, L), heads outermost
    return x.defined() ? x.flatten(1, 2) : x;
  };
  at::Tensor y;
  if (filter.prepared) {
    y = filter.prepared->convolve(flat(q), flat(k), flat(v));
  } else if (options_.compat_num_blocks > 1) {
    y = compat_blocked_fftconv(
        flat(k.defined() ? k * v : v), filter.h.repeat({options_.num_heads, 1}),
        filter.bias.repeat({options_.num_heads}), options_.compat_num_blocks);
    if (q.defined()) y = flat(q) * y;
  } else {
    y = gated_fftconv(flat(q), flat(k), flat(v), filter.h, filter.bias.repeat({options_.num_heads}),
                      support());
  }
  return y.unflatten(1, {options_.num_heads, head_dim_});
}

Support HyenaOperator::support() const {
  return filter_.centred() ? Support::kCentred : Support::kCausal;
}

std::vector<HyenaOperator::LongFilter> HyenaOperator::long_filters(const at::Tensor& signal) {
  const auto make = [&] {
    const auto h = filters(signal.size(2));      // (N−1, head_dim, K)
    const auto bias = by_order(filter_.skip());  // (N−1, head_dim)
    std::vector<LongFilter> out;
    for (std::int64_t o = 0; o < h.size(0); ++o) out.push_back({h[o], bias[o], std::nullopt});
    return out;
  };
  const bool training = at::GradMode::is_enabled() || is_training();
  if (training || Composition::alive() || options_.compat_num_blocks > 1) return make();
  return cache_.get(filter_, signal, [&] {
    auto out = make();
    for (LongFilter& filter : out) {
      const auto skip = filter.bias.repeat({options_.num_heads});
      filter = {{}, {}, PreparedFilter(filter.h, skip, support(), signal)};
    }
    return out;
  });
}

std::vector<at::Tensor> HyenaOperator::split(const at::Tensor& projected) const {
  return projected.unflatten(1, {options_.num_heads, options_.order + 1, head_dim_}).unbind(2);
}

void HyenaOperator::observe_streams(const std::function<std::vector<at::Tensor>()>& streams) const {
  if (!observing()) return;
  const auto order = static_cast<std::size_t>(options_.order);
  std::vector<at::Tensor> made;
  const auto part = [&](std::size_t i) {
    if (made.empty()) made = streams();
    return made[i];
  };
  // The gate as it is multiplied: with outer mixing the sum over the gate's channels.
  const auto factor = [&](std::size_t o) {
    const auto x = part(order - 1 - o);
    return options_.outer_mixing ? x.sum(2, /*keepdim=*/true).expand_as(x) : x;
  };
  observe("g_out", [&] { return part(0).flatten(1, 2); });
  for (std::size_t o = 0; o + 1 < order; ++o) {
    observe("g_in." + std::to_string(o), [&] { return factor(o).flatten(1, 2); });
  }
  observe("v", [&] { return part(order).flatten(1, 2); });
  observe("product", [&] {
    const auto product = (part(order) * factor(0)).flatten(1, 2);
    if (qk_norm_.empty()) return product;
    return qk_norm_.front()->forward(product.transpose(1, 2)).transpose(1, 2);
  });
}

LongFilters HyenaOperator::describe_filters(std::int64_t seq_len) {
  if (seq_len == 0) seq_len = filter_.l_max();
  LongFilters out;
  out.taps = filters(seq_len);
  // A centred filter holds as many lags on both sides.
  if (filter_.centred()) out.first_lag = -(out.taps.size(2) / 2);
  if (options_.filter.modulate) out.window = by_order(filter_.window(seq_len).squeeze(0).t());
  out.skip = by_order(filter_.skip());
  out.features = filter_.features(seq_len);
  const std::int64_t taps = short_weight_.size(2);
  out.short_taps =
      split(short_weight_.flatten(1).unsqueeze(0))[static_cast<std::size_t>(options_.order)]
          .flatten(0, 2)
          .flip(1);
  out.short_first_lag = filter_.centred() ? -((taps - 1) / 2) : 0;
  out.out_weight = out_proj_.weight;
  out.heads = options_.num_heads;
  out.channels = head_dim_ * options_.num_heads;
  out.normalised = !qk_norm_.empty();
  if (ord_proj_w_.defined()) {
    out.not_linear = "post_order_ffn mixes the heads behind each long filter";
  } else if (options_.compat_num_blocks > 1) {
    out.not_linear = "compat_num_blocks convolves blocks of time on a circle";
  } else if (out.normalised && options_.order > 2) {
    out.not_linear = "layer norms stand between the long filters";
  }
  return out;
}

at::Tensor HyenaOperator::forward(const at::Tensor& u) {
  TORCH_CHECK(u.dim() == 3 && u.size(2) == in_proj_.weight.size(1),
              "HyenaOperator: u must be (B, L, D=", in_proj_.weight.size(1), "), got ", u.sizes());
  const std::int64_t order = options_.order;
  const auto streams = project_to_signal(u, in_proj_.weight, in_proj_.bias);
  // Gates that are plain products with nothing in between become part of the convolution.
  const bool product =
      !options_.outer_mixing && qk_norm_.empty() && (options_.dropout <= 0 || !is_training());
  if (product && order == 2 && options_.num_heads == 1 && !ord_proj_w_.defined() &&
      options_.compat_num_blocks <= 1) {
    // The fused path makes no streams: they are computed beside it.
    observe_streams(
        [&] { return split(short_conv(streams, short_weight_, short_bias_, !filter_.centred())); });
    return project_out(convolve_streams(streams));
  }
  const auto projected = short_conv(streams, short_weight_, short_bias_,
                                    /*causal=*/!filter_.centred());
  const auto parts = split(projected);
  observe_streams([&] { return parts; });
  at::Tensor v = parts[static_cast<std::size_t>(order)];  // (B, heads, head_dim, L)
  const auto long_filter = long_filters(v.flatten(1, 2));
  for (std::int64_t o = 0; o + 1 < order; ++o) {
    at::Tensor q, k = parts[static_cast<std::size_t>(order - 1 - o)];
    if (!product) {
      v = gate(v, k);
      k = at::Tensor();
    }
    if (!qk_norm_.empty()) {
      v = qk_norm_[static_cast<std::size_t>(o)]
              ->forward(v.flatten(1, 2).transpose(1, 2))
              .transpose(1, 2)
              .unflatten(1, {options_.num_heads, head_dim_});
    }
    if (o + 2 == order && !ord_proj_w_.defined()) q = parts[0];
    v = convolve(q, k, v, long_filter[static_cast<std::size_t>(o)]);
    if (ord_proj_w_.defined()) v = at::einsum("ij,bivl->bjvl", {ord_proj_w_[o], v});
  }
  return project_out((ord_proj_w_.defined() ? v * parts[0] : v).flatten(1, 2));
}

at::Tensor HyenaOperator::convolve_streams(const at::Tensor& streams) {
  const auto filter = long_filters(streams.slice(1, 0, head_dim_)).front();
  const ShortStreams order{.causal = !filter_.centred(), .gate = 0};
  if (filter.prepared) {
    return filter.prepared->convolve_streams(streams, short_weight_, short_bias_, order);
  }
  return hyena_conv(streams, short_weight_, short_bias_, filter.h, filter.bias, support(), order);
}

at::Tensor HyenaOperator::project_out(const at::Tensor& v) {
  observe("y", v);
  const auto y = activation(v, options_.activation);  // (B, heads·head_dim, L)
  if (out_norm_ != nullptr) return out_proj_.forward(out_norm_->forward(y.transpose(1, 2)));
  return project_to_tokens(y, out_proj_.weight, out_proj_.bias);
}

}  // namespace hyena::backbone
